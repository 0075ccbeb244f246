"""Turns: which rows of a training's readings are fetched, decoded and sent together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lp_core.dataset.feed import Feed, Reading, TrainingSplit

FIRST_ROWS = 32
"""Rows of the first turns: several processes share the first batch, which is there sooner. Our choice. The rows
behind it are one such turn, too: Ray Data hands a block over when it has the next."""


@dataclass(frozen=True)
class Turn:
    """Rows of one or more batches of a worker, or of a part of one, in order. A row may come again in another turn.

    Attributes:
        split: whose rows.
        index_N: int64 [n], the batch of each row: training step, or batch of the validation split.
        rows_N: int64 [n] row numbers.
    """

    split: TrainingSplit
    index_N: np.ndarray
    rows_N: np.ndarray

    def batches(self) -> Iterator[tuple[int, slice]]:
        """Yield the number of each batch, and where its rows are."""
        starts = np.flatnonzero(np.diff(self.index_N, prepend=-1)).tolist()
        for start, stop in zip(starts, [*starts[1:], len(self.index_N)], strict=True):
            yield int(self.index_N[start]), slice(start, stop)


def turns_of(feed: Feed, readings: list[Reading]) -> list[Turn]:
    """Return the turns of some readings: each is one, but the first batch and what follows it are cut smaller."""
    turns: list[Turn] = []
    small = None
    for reading in readings:
        rows = [feed.rows(reading.split, index) for index in range(reading.first, reading.last)]
        index_N = np.repeat(np.arange(reading.first, reading.last), [len(part) for part in rows])
        rows_N = np.concatenate(rows)
        if small is None:
            small = [*range(FIRST_ROWS, len(rows[0]), FIRST_ROWS), len(rows[0]), len(rows[0]) + FIRST_ROWS]
        cuts = [cut for cut in small if 0 < cut < len(rows_N)]
        turns += [
            Turn(reading.split, index_N[start:stop], rows_N[start:stop])
            for start, stop in pairwise([0, *cuts, len(rows_N)])
            if stop > start
        ]
        small = [cut - len(rows_N) for cut in small]
    return turns
