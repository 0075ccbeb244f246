"""The order in which training sees the rows: a function of (seed, epoch), the same for any number of workers.

An epoch is one long shuffled row of photographs, cut into lanes. Every batch takes the next few rows of each lane, so
it mixes far-apart places of the data set, while a worker, who owns whole lanes, stays near a few places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class EpochOrder:
    """One epoch's order of rows.

    Attributes:
        rows_N: int64 [n] row numbers in shuffled order.
        batch_size: rows per step over all workers.
        lanes: number of places that each batch draws from.
    """

    rows_N: np.ndarray
    batch_size: int
    lanes: int

    @property
    def steps(self) -> int:
        """Number of batches; the last may be smaller."""
        return steps_per_epoch(len(self.rows_N), self.batch_size)

    def batch(self, step: int, rank: int = 0, world: int = 1) -> np.ndarray:
        """Row numbers that a worker contributes to a step, int64 [b]; the union over ranks does not depend on `world`.

        Args:
            step: 0 .. steps - 1.
            rank: this worker.
            world: number of workers, at most `lanes`.
        """
        return np.concatenate(
            [self._lane(lane, step) for lane in range(rank * self.lanes // world, (rank + 1) * self.lanes // world)]
        )

    def batch_images(self, step: int) -> int:
        """Images of a step over all workers."""
        return sum(len(self._lane(lane, step)) for lane in range(self.lanes))

    def _lane(self, lane: int, step: int) -> np.ndarray:
        first, last = (self.batch_size * edge // self.lanes for edge in (lane, lane + 1))
        start, stop = (len(self.rows_N) * edge // self.batch_size for edge in (first, last))
        rows = last - first
        return self.rows_N[start + step * rows : min(stop, start + (step + 1) * rows)]


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """Number of batches that hold every row once."""
    return -(-rows // batch_size)


def epoch_order(
    rows: np.ndarray, groups: np.ndarray, seed: int, epoch: int, batch_size: int, lanes: int, window: int
) -> EpochOrder:
    """Shuffle row groups (and the rows of each, where they are more than a window), then every `window` neighbours.

    Args:
        rows: int64 [n] row numbers of the split that are used.
        groups: int [n] the row group of each.
        seed: of the run.
        epoch: 0 is the first.
        batch_size: rows per step over all workers.
        lanes: places that each batch draws from.
        window: rows shuffled together, at least 1.
    """
    rng = np.random.default_rng([seed, epoch])
    rank_of_group = rng.permutation(int(groups.max(initial=-1)) + 1)
    ranks = rank_of_group[groups]
    if window < np.bincount(groups, minlength=1).max():
        # Rows of a group follow their ids, often class by class: a window that is only a part of them has few classes.
        shuffled = rows[np.lexsort((rng.random(len(rows)), ranks))]
    else:
        shuffled = rows[np.argsort(ranks, kind="stable")]
    window_of_row = np.arange(len(shuffled)) // window
    return EpochOrder(shuffled[np.lexsort((rng.random(len(shuffled)), window_of_row))], batch_size, lanes)
