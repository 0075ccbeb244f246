"""What the training of a run spends on decoding, on warping and on learning: CPU seconds per image, one thread.

`python -m benchmarks.cell_costs --recipe demo --data.path FOLDER` takes the options of `logpolar train`. Cells of a
sweep could share the first two, or the first alone where crops depend on the seed.
"""

from __future__ import annotations

import sys
import time

from benchmarks.machine import machine_line, single_threaded
from lp_core.dataset.feed import Reading, open_dataset
from lp_core.images.decode import decode_rgb
from lp_core.settings import VIEW_NAMES
from tasks.from_recipe import feed_of, learner_of
from workflows.command_line import stage_command

STEPS = 30
"""Of a training that are measured. Our choice."""


def main() -> None:
    single_threaded()
    print(machine_line())
    recipe = stage_command("train", "CPU seconds of a training", [*sys.argv[1:], "--run", "unused"]).recipe
    dataset = open_dataset(recipe.data.path)
    for view in VIEW_NAMES:
        feed = feed_of(recipe, view)
        batches = list(feed.batches(Reading("train", 0, 2)))  # what is imported and compiled on first use
        learner = learner_of(recipe, view, len(dataset.class_names), feed.steps_per_epoch)
        learner.learn(batches[0].images_NSRC, batches[0].labels_N, len(batches[0].rows_N))
        start = time.process_time()
        batches = list(feed.batches(Reading("train", 0, STEPS)))
        read = time.process_time() - start
        rows = [row for batch in batches for row in batch.rows_N]
        start = time.process_time()
        for photograph in dataset.photographs("train", rows):
            decode_rgb(photograph.data)
        decoded = time.process_time() - start
        start = time.process_time()
        for batch in batches:
            learner.learn(batch.images_NSRC, batch.labels_N, len(batch.rows_N), batch.rows_N)
        learned = time.process_time() - start
        parts = {"decode": decoded, "crop and warp": read - decoded, "learn": learned}
        whole = read + learned
        shown = ", ".join(
            f"{name} {1000 * value / len(rows):.2f} ms ({100 * value / whole:.0f} %)" for name, value in parts.items()
        )
        print(f"{view}: {shown} an image, {len(rows)} images")


if __name__ == "__main__":
    main()
