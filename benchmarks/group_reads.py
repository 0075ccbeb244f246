"""How often a row group is read in an epoch, and what waits for its turn meanwhile; no storage is read.

    python -m benchmarks.group_reads [--rows 1281167] [--group 256] [--bytes 108000] [--workers 1 2 8 16]

Order and readings are those of a training with the lanes and the window of recipe `imagenet`. `lp_core.dataset.fetch`
asks for the row groups, and gets empty images of `--bytes` at once. Beside it, what tasks read that each read 1,024
rows for themselves, as they did before there was a fetching task.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from benchmarks.machine import machine_line
from benchmarks.timing import Stopwatch, table_head, table_row
from lp_core.dataset.class_mix import class_mix
from lp_core.dataset.feed import Feed
from lp_core.dataset.fetch import Fetch
from lp_core.dataset.order import EpochOrder, epoch_order
from lp_core.dataset.turns import turns_of
from tasks.ingest import READINGS_AT_ONCE, readings_of_training
from workflows.recipes import recipe as named

BEFORE_ROWS = 1024


@lru_cache(maxsize=1)
def order_of(rows: int, group: int, batch: int, lanes: int, window: int) -> EpochOrder:
    """The first epoch's order of a data set whose groups have one size."""
    return epoch_order(np.arange(rows), np.arange(rows) // group, 0, 0, batch, lanes, window)


@dataclass(frozen=True)
class PlannedFeed(Feed):
    """A feed of rows that do not exist."""

    count: int = 0
    group: int = 0

    def order(self, epoch: int) -> EpochOrder:
        """The same in every epoch."""
        return order_of(self.count, self.group, self.batch_size, self.data.lanes, self.data.shuffle_window)

    def used_rows(self, split: str) -> np.ndarray:
        """All of them."""
        return np.arange(self.count if split == "train" else 0)


@dataclass(frozen=True)
class Nowhere:
    """Row groups of one size, whose photographs all are the same bytes."""

    group: int
    photograph: bytes

    def groups_of(self, split: str, rows_N: np.ndarray) -> np.ndarray:
        """Neighbours share a group."""
        return rows_N // self.group

    def encoded(self, split: str, group: int, rows: Sequence[int]) -> dict[int, bytes]:
        """Reads nothing."""
        return dict.fromkeys(rows, self.photograph)


def reads_of_worker(feed: PlannedFeed, nowhere: Nowhere) -> tuple[int, int, int]:
    """Row groups that one worker reads in an epoch, before and now, and the most bytes that wait."""
    readings = readings_of_training(feed, 0, feed.steps_per_epoch, set())
    now, most = 0, 0
    for start in range(0, len(readings), READINGS_AT_ONCE):
        fetch = Fetch(nowhere, turns_of(feed, readings[start : start + READINGS_AT_ONCE]))
        for _ in fetch:
            pass
        now, most = now + fetch.reads, max(most, fetch.most_bytes)
    steps = max(1, BEFORE_ROWS * feed.world // feed.batch_size)
    alone = (range(step, min(step + steps, feed.steps_per_epoch)) for step in range(0, feed.steps_per_epoch, steps))
    before = sum(len(np.unique(np.concatenate([feed.rows("train", i) for i in own]) // feed.group)) for own in alone)
    return before, now, most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_281_167)
    parser.add_argument("--group", type=int, default=256, help="rows of a row group")
    parser.add_argument("--bytes", type=int, default=108_000, help="of a photograph")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 8, 16])
    parser.add_argument("--recipe", default="imagenet")
    args = parser.parse_args()
    recipe = named(args.recipe)
    data, batch = recipe.data, recipe.train.batch_size
    groups = -(-args.rows // args.group)
    order = order_of(args.rows, args.group, batch, data.lanes, data.shuffle_window)
    share = max(np.bincount(order.batch(step) // args.group).max() for step in range(0, order.steps - 1, 50)) / batch
    by_class = np.arange(args.rows) * 1000 // args.rows
    print(f"{recipe.name}: {args.rows:,} rows, {groups:,} row groups, {data.lanes} lanes, window {data.shuffle_window}")
    print(f"largest share of a batch from one row group: {share:.3f}; sorted by class: {class_mix(order, by_class)}")
    print(f"{machine_line()}\n")
    print(
        table_head("workers", "reads of a group, a reading alone", "now", "waiting at most, MB a worker", "s a worker")
    )
    for world in args.workers:
        before, now, most = 0, 0, 0
        with Stopwatch() as watch:
            for rank in range(world):
                feed = PlannedFeed(
                    data, "log_polar", recipe.geometry, 0, batch, rank, world, False, False, args.rows, args.group
                )
                counts = reads_of_worker(feed, Nowhere(args.group, bytes(args.bytes)))
                before, now, most = before + counts[0], now + counts[1], max(most, counts[2])
        cells = f"{before / groups:.2f}", f"{now / groups:.2f}", f"{most / 1e6:,.0f}", f"{watch.seconds / world:.1f}"
        print(table_row(f"{world}", *cells), flush=True)


if __name__ == "__main__":
    main()
