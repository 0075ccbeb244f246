"""Encoded photographs in the order that a training takes them, each row group read once.

Neighbouring batches take rows of the same row groups (`order.py`). Who knows the batches to come keeps the rows of a
group until their batch, and need not read the group again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np

from lp_core.dataset.turns import Turn

KEPT_BYTES = 2**30
"""Encoded photographs that wait for their turn, at most: 16 lanes with 256 rows of 108 kB each are 0.45 GB."""
READ_AT_ONCE = 4
"""Row groups that are read at the same time: an object store answers several requests sooner than one after the other.
Our choice."""
TURNS_AHEAD = 2
"""Turns whose row groups are asked for before it is theirs. Our choice."""

Group = tuple[str, int]
"""Split, and number of a row group within it."""


class Groups(Protocol):
    """What can be read: a `DatasetFolder`."""

    def groups_of(self, split: str, rows_N: np.ndarray) -> np.ndarray:
        """The row group of each row, int [n]."""

    def encoded(self, split: str, group: int, rows: Sequence[int]) -> dict[int, bytes]:
        """The photographs of some rows of one row group, by row number; reads the group."""


class Fetch:
    """Photographs turn by turn.

    Args:
        groups: the data set.
        turns: in order.
        kept_bytes: photographs that may wait; beyond that, those whose turn is last are dropped, and read again.
    """

    def __init__(self, groups: Groups, turns: Sequence[Turn], kept_bytes: int = KEPT_BYTES) -> None:
        self._groups, self._turns, self._limit = groups, turns, kept_bytes
        self._group_of = [groups.groups_of(turn.split, turn.rows_N) for turn in turns]
        self._wanted = _wanted(turns, self._group_of)
        self._waiting: dict[int, dict[int, bytes]] = {}
        """By turn and row."""
        self._reading: dict[Group, Future[dict[int, bytes]]] = {}
        self._dropped: set[int] = set()
        """Turns that were dropped once; reading them ahead might be for nothing again."""
        self._bytes = 0
        self.reads = 0
        """Row groups read so far."""
        self.most_bytes = 0
        """The most that waited so far."""

    def __iter__(self) -> Iterator[list[bytes]]:
        """Yield the photographs of each turn, in the order of its rows.

        Raises:
            LogpolarError: a row group cannot be read, or its shard changed since it was indexed.
        """
        with ThreadPoolExecutor(READ_AT_ONCE) as pool:
            for number, turn in enumerate(self._turns):
                for ahead in range(number, min(len(self._turns), number + 1 + TURNS_AHEAD)):
                    if ahead not in self._dropped:
                        self._ask(ahead, number, pool)
                while groups := self._missing(number):  # again, where what was read ahead had to be dropped
                    self._ask(number, number, pool)
                    for group in groups:
                        self._put(group, self._reading.pop(group).result(), number)
                photographs = self._waiting.pop(number, {})
                self._bytes -= _size(photographs)
                yield [photographs[row] for row in turn.rows_N.tolist()]

    def _missing(self, number: int) -> list[Group]:
        """Row groups of a turn of which rows are not there."""
        turn, there = self._turns[number], self._waiting.get(number, {})
        missing = np.array([row not in there for row in turn.rows_N.tolist()], bool)
        return [(turn.split, group) for group in np.unique(self._group_of[number][missing]).tolist()]

    def _ask(self, number: int, now: int, pool: ThreadPoolExecutor) -> None:
        for split, group in self._missing(number):
            if (split, group) not in self._reading:
                self.reads += 1
                turn_N, row_N = self._wanted[split, group]
                rows = np.unique(row_N[turn_N >= now]).tolist()
                self._reading[split, group] = pool.submit(self._groups.encoded, split, group, rows)

    def _put(self, group: Group, photographs: dict[int, bytes], now: int) -> None:
        """Let the rows of a group wait for their turns, from the present one on."""
        for number, row in zip(*(values_N.tolist() for values_N in self._wanted[group]), strict=True):
            waiting = self._waiting.setdefault(number, {}) if number >= now else None
            if waiting is not None and row not in waiting:
                waiting[row] = photographs[row]
                self._bytes += len(photographs[row])
        while self._bytes > self._limit and (last := max(self._waiting)) > now:
            self._bytes -= _size(self._waiting.pop(last))
            self._dropped.add(last)
        self.most_bytes = max(self.most_bytes, self._bytes)


def _wanted(turns: Sequence[Turn], group_of: list[np.ndarray]) -> dict[Group, tuple[np.ndarray, np.ndarray]]:
    """Turns and rows that take from each row group, int64 [n] each, by turn."""
    wanted: dict[Group, tuple[np.ndarray, np.ndarray]] = {}
    for split in {turn.split for turn in turns}:
        numbers = [number for number, turn in enumerate(turns) if turn.split == split]
        turn_N = np.repeat(numbers, [len(turns[number].rows_N) for number in numbers])
        row_N = np.concatenate([turns[number].rows_N for number in numbers])
        group_N = np.concatenate([group_of[number] for number in numbers])
        order = np.argsort(group_N, kind="stable")
        groups, starts = np.unique(group_N[order], return_index=True)
        for group, part in zip(groups.tolist(), np.split(order, starts[1:]), strict=True):
            wanted[split, group] = turn_N[part], row_N[part]
    return wanted


def _size(photographs: dict[int, bytes]) -> int:
    return sum(len(data) for data in photographs.values())
