"""How fast something is on one core, and beside a peer that takes turns with it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Work = Callable[[], object]
Clock = Callable[[], float]
LEAST_ROUNDS = 3
"""Of both in turns, however slow they are. Our choice: fewer have no median."""


@dataclass(frozen=True)
class Rate:
    """How fast something was.

    Args:
        per_second: items on one core: of the fastest round, in processor time, so that other programs count little.
        ratio: how many times as fast as its peer: the median over rounds, in each of which both ran once.
    """

    per_second: float
    ratio: float


def rate(
    ours: Work,
    theirs: Work,
    items: int,
    seconds: float,
    *,
    clock: Clock = time.process_time,
    wall: Clock = time.monotonic,
) -> Rate:
    """Run both in turns for some seconds, and at least `LEAST_ROUNDS` times, after one round that is not timed.

    Args:
        ours: what is measured.
        theirs: its peer, which does as many items.
        items: photographs, images or units of one call.
        seconds: of the wall clock.
        clock: what a call is timed with.
        wall: what ends the rounds.
    """
    taken: list[tuple[float, float]] = []
    end = wall() + seconds
    for _ in range(2):  # the second call of each has all its memory
        ours(), theirs()
    while len(taken) < LEAST_ROUNDS or wall() < end:
        start = clock()
        ours()
        middle = clock()
        theirs()
        taken.append((middle - start, clock() - middle))
    return Rate(items / min(own for own, _ in taken), statistics.median(peer / own for own, peer in taken))


def speed_up(work: Work, threads: int, seconds: float, *, wall: Clock = time.perf_counter) -> float:
    """Return how many times as fast work of torch's is with some threads as with one: medians of the wall clock."""
    one: list[float] = []
    many: list[float] = []
    end = wall() + seconds
    while len(one) < LEAST_ROUNDS or wall() < end:
        for count, taken in ((1, one), (threads, many)):
            with threads_of(count):
                work()
                start = wall()
                work()
                taken.append(wall() - start)
    return statistics.median(one) / statistics.median(many)


@contextmanager
def threads_of(count: int) -> Iterator[None]:
    """Let torch and OpenCV compute with so many threads in a `with` block."""
    import cv2
    import torch

    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(count)
    cv2.setNumThreads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
