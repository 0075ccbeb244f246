"""How benchmarks time: ways in turns within one run, statistics over rounds, ratios of figures of the same round.

A machine that others use drifts by a third from hour to hour. Ways that take turns see the same drift, so the ratio of
two times of one round is steadier than either of them.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

Way = Callable[..., object]
Clock = Callable[[], float]


def in_turns(
    ways: Mapping[str, Way],
    rounds: int,
    *,
    inputs: Sequence[tuple] = ((),),
    warm_up: int = 1,
    clock: Clock = time.process_time,
    order: random.Random | None = None,
) -> dict[str, np.ndarray]:
    """Run every way once on every input in each round.

    Args:
        ways: What is timed, by name.
        rounds: How often.
        inputs: Arguments of the calls.
        warm_up: Calls of every way on the first input that are not timed.
        clock: Processor time of this process by default: what others do on the machine does not count.
        order: Shuffles the ways before each turn; else they run in the order given.

    Returns:
        Seconds [rounds, inputs] of every way.
    """
    seconds = {name: np.zeros((rounds, len(inputs))) for name in ways}
    for _ in range(warm_up):
        for way in ways.values():
            way(*inputs[0])
    for turn in range(rounds):
        for number, arguments in enumerate(inputs):
            for name in order.sample(list(ways), len(ways)) if order else ways:
                start = clock()
                ways[name](*arguments)
                seconds[name][turn, number] = clock() - start
    return seconds


def wall_clock(device: str = "cpu") -> Clock:
    """Seconds of the wall clock, read when a GPU has finished what it was given."""
    if not device.startswith("cuda"):
        return time.perf_counter
    import torch

    def finished() -> float:
        torch.cuda.synchronize()
        return time.perf_counter()

    return finished


def least(seconds: np.ndarray) -> float:
    """The least of the rounds for each input, then the mean over inputs: other programs can only add."""
    return float(seconds.min(axis=0).mean())


def speed_ratio(base: np.ndarray, seconds: np.ndarray) -> float:
    """How many times as fast as `base`: the median over pairs of the same round and input."""
    return float(np.median(base / seconds))


def spread(values: Iterable[float], digits: int = 3) -> dict[str, float]:
    """Median, least and largest, rounded."""
    values = list(values)
    figures = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return {name: round(float(value), digits) for name, value in figures.items()}


class Stopwatch:
    """Seconds that a `with` block takes.

    Args:
        clock: Wall clock by default.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self.seconds = 0.0

    def __enter__(self) -> Stopwatch:
        self._start = self._clock()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = self._clock() - self._start

    @property
    def so_far(self) -> float:
        """Seconds since the block began."""
        return self._clock() - self._start


def table_head(*columns: str) -> str:
    """Head of a Markdown table."""
    return f"{table_row(*columns)}\n|{'---|' * len(columns)}"


def table_row(*cells: str) -> str:
    """One row of a Markdown table, printed as soon as it is measured."""
    return f"| {' | '.join(cells)} |"
