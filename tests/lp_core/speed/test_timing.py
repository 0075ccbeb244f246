"""`timing` counts every item once, takes the fastest round and the median ratio, and gives threads back."""

import itertools

import cv2
import pytest
import torch

from lp_core.speed.timing import LEAST_ROUNDS, rate, speed_up, threads_of


class Clock:
    """A clock that the work itself moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def work(self, *seconds: float):
        """Work whose calls take these seconds, the last again and again."""
        left = itertools.chain(seconds, itertools.repeat(seconds[-1]))

        def run() -> None:
            self.now += next(left)

        return run


def test_the_fastest_round_and_the_median_ratio_count() -> None:
    clock = Clock()
    # Two calls warm up; then rounds of 4 s and 8, 2 and 8, 4 and 4.
    found = rate(clock.work(9, 9, 4, 2, 4), clock.work(9, 9, 8, 8, 4), 6, 0, clock=clock, wall=clock)
    assert found.per_second == 6 / 2
    assert found.ratio == 2


def test_rounds_go_on_for_the_seconds_given() -> None:
    clock, calls = Clock(), []

    def ours() -> None:
        calls.append(clock.now)
        clock.now += 1

    rate(ours, clock.work(1), 1, 20, clock=clock, wall=clock)
    assert len(calls) == 10  # two warm up within the time
    rate(ours, clock.work(1), 1, 0.1, clock=clock, wall=clock)
    assert len(calls) == 10 + 2 + LEAST_ROUNDS


def test_speed_up_is_one_thread_against_many() -> None:
    clock = Clock()

    def work() -> None:
        clock.now += 6 / torch.get_num_threads()

    assert speed_up(work, 3, 1, wall=clock) == pytest.approx(3)


def test_threads_are_given_back() -> None:
    before = torch.get_num_threads(), cv2.getNumThreads()
    with threads_of(2):
        assert torch.get_num_threads() == 2
    assert (torch.get_num_threads(), cv2.getNumThreads()) == before
