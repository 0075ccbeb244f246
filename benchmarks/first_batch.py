"""Where the time before a training's first batch goes: processor seconds of fetching and decoding it, without Ray.

    python -m benchmarks.first_batch --data DATA [--recipe imagenet] [--view log_polar] [--rounds 3]

DATA is a data set folder. Every round is a process of its own: the first fetching uses memory that is new to the
process, which the system must first provide; the second one, of the same photographs, uses that memory again. The
system's part is counted apart.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.machine import machine_line
from benchmarks.timing import table_head, table_row
from lp_core.settings import ViewName


@dataclass
class Measured:
    """A first batch in a new process.

    Attributes:
        images: of the batch.
        row_groups: that are read until then, whole.
        seconds: of the processor by part: in all, and of them the system's.
    """

    images: int = 0
    row_groups: int = 0
    seconds: dict[str, tuple[float, float]] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what a `with` block takes, in all threads."""
        before = resource.getrusage(resource.RUSAGE_SELF)
        yield
        after = resource.getrusage(resource.RUSAGE_SELF)
        system = after.ru_stime - before.ru_stime
        self.seconds[name] = after.ru_utime - before.ru_utime + system, system


def first_batch(data: str, recipe_name: str, view: ViewName) -> Measured:
    """Fetch and decode the first batch in this process, as the tasks of Ray Data do."""
    measured = Measured()
    with measured.part("importing what a reader needs, but NumPy"):
        from lp_core.dataset.feed import open_dataset
        from lp_core.dataset.fetch import Fetch
        from lp_core.dataset.folder import Photograph
        from lp_core.dataset.turns import turns_of
        from tasks.map_stage import prepare_reading
    from tasks.from_recipe import feed_of
    from tasks.ingest import readings_of_training
    from workflows.recipes import recipe as named

    recipe = named(recipe_name)
    feed = feed_of(replace(recipe, data=replace(recipe.data, path=data)), view)
    prepare_reading()
    with measured.part("opening the data set, order of the epoch"):
        folder = open_dataset(data)
        turns = turns_of(feed, readings_of_training(feed, 0, feed.steps_per_epoch, set()))
    first = [turn for turn in turns if turn.index_N[-1] == 0]
    for which in ("in new memory", "in used memory"):
        fetch = Fetch(folder, turns)
        photographs = iter(fetch)
        with measured.part(f"fetching the first turn, {which}"):
            encoded = next(photographs)
        with measured.part(f"fetching the other turns, {which}"):
            encoded += [data for turn in islice(photographs, len(first) - 1) for data in turn]
    measured.images, measured.row_groups = len(encoded), fetch.reads
    rows = np.concatenate([turn.rows_N for turn in first]).tolist()
    batch = [Photograph(row, "", 0, data) for row, data in zip(rows, encoded, strict=True)]
    with measured.part("decoding, cropping and warping"):
        feed.decoded("train", 0, batch)
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--recipe", default="imagenet")
    parser.add_argument("--view", default="log_polar", choices=("cartesian", "log_polar"))
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    call = f"first_batch({str(Path(args.data).resolve())!r}, {args.recipe!r}, {args.view!r})"
    program = f"import json; from benchmarks.first_batch import first_batch; print(json.dumps(vars({call})))"
    rounds = []
    for _ in range(args.rounds):
        done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True)
        rounds.append(Measured(**json.loads(done.stdout)))
    about = rounds[0]
    print(f"{args.recipe}, {args.view}: {about.images} images, {about.row_groups} row groups read\n{machine_line()}\n")
    print(table_head("part", "processor s", "of these the system's"))
    for name in about.seconds:
        whole, system = np.median([measured.seconds[name] for measured in rounds], axis=0)
        print(table_row(name, f"{whole:.2f}", f"{system:.2f}"))


if __name__ == "__main__":
    main()
