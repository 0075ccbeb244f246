"""What a training spends on decoding, on warping and on learning: CPU time per image, one thread.

    python -m benchmarks.cell_costs --recipe demo --data.path FOLDER

It takes the options of `logpolar train`. Runs of a sweep with other seeds could share photographs, but no crops.
"""

from __future__ import annotations

import sys
import time

from benchmarks.machine import machine_line, single_threaded
from benchmarks.timing import Stopwatch
from lp_core.dataset.feed import Reading, open_dataset
from lp_core.images.decode import decode_rgb
from lp_core.settings import VIEW_NAMES
from tasks.from_recipe import feed_of, learner_of
from workflows.command_line import stage_command

STEPS = 30
"""Of a training that are measured. Our choice."""


def main() -> None:
    recipe = stage_command("train", "CPU time of a training", [*sys.argv[1:], "--run", "unused"]).recipe
    single_threaded()
    print(machine_line())
    dataset = open_dataset(recipe.data.path)
    for view in VIEW_NAMES:
        feed = feed_of(recipe, view)
        learner = learner_of(recipe, view, len(dataset.class_names), feed.steps_per_epoch)
        [first] = feed.batches(Reading("train", 0, 1))  # what is loaded and compiled on first use
        learner.learn(first.images_NSRC, first.labels_N, len(first.rows_N))
        reading, decoding, learning = (Stopwatch(time.process_time) for _ in range(3))
        with reading:
            batches = list(feed.batches(Reading("train", 0, STEPS)))
        rows = [row for batch in batches for row in batch.rows_N]
        with decoding:
            for photograph in dataset.photographs("train", rows):
                decode_rgb(photograph.data)
        with learning:
            for batch in batches:
                learner.learn(batch.images_NSRC, batch.labels_N, len(batch.rows_N), batch.rows_N)
        whole = reading.seconds + learning.seconds
        warping = reading.seconds - decoding.seconds
        parts = {"decode": decoding.seconds, "crop and warp": warping, "learn": learning.seconds}
        shown = [f"{name} {1000 * spent / len(rows):.2f} ms ({spent / whole:.0%})" for name, spent in parts.items()]
        print(f"{view}: {', '.join(shown)} an image, {len(rows)} images")


if __name__ == "__main__":
    main()
