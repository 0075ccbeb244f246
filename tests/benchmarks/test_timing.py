"""`benchmarks/timing.py` runs ways in turns, leaves the warm-up out, and pairs figures of the same round."""

import random

import numpy as np
import pytest

from benchmarks.timing import Stopwatch, in_turns, least, speed_ratio, spread, table_head, table_row


class Clock:
    """Time passes only where a way says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_ways_take_turns_on_every_input_and_the_warm_up_is_not_timed(clock: Clock) -> None:
    calls = []

    def way(name: str, factor: int):
        def run(number: int) -> None:
            calls.append((name, number))
            clock.seconds += factor * number

        return run

    ways = {"one": way("one", 1), "three": way("three", 3)}
    seconds = in_turns(ways, 2, inputs=[(1,), (5,)], warm_up=1, clock=clock)
    turn = [("one", 1), ("three", 1), ("one", 5), ("three", 5)]
    assert calls == [("one", 1), ("three", 1), *turn, *turn]
    assert {name: taken.tolist() for name, taken in seconds.items()} == {
        "one": [[1, 5], [1, 5]],
        "three": [[3, 15], [3, 15]],
    }


def test_a_shuffled_order_runs_every_way_once_a_round(clock: Clock) -> None:
    calls: list[str] = []
    ways = {name: lambda name=name: calls.append(name) for name in "abcd"}
    in_turns(ways, 5, warm_up=0, clock=clock, order=random.Random(0))
    rounds = [calls[at : at + 4] for at in range(0, 20, 4)]
    assert all(sorted(names) == list("abcd") for names in rounds)
    assert len(set(map(tuple, rounds))) > 1


def test_drift_of_the_machine_cancels_in_the_ratio() -> None:
    drift = np.array([[1.0], [1.4], [3.0], [0.8]])
    assert speed_ratio(6 * drift, 2 * drift) == pytest.approx(3)


def test_the_least_of_the_rounds_is_taken_for_each_input() -> None:
    assert least(np.array([[1.0, 9.0], [2.0, 5.0]])) == 3.0


def test_spread_is_median_least_and_largest() -> None:
    assert spread([3.0, 1.0, 2.22222]) == {"median": 2.222, "min": 1.0, "max": 3.0}


def test_a_stopwatch_measures_its_block(clock: Clock) -> None:
    with Stopwatch(clock) as watch:
        clock.seconds += 2.5
    clock.seconds += 1.0
    assert watch.seconds == 2.5


def test_a_table_is_markdown() -> None:
    assert f"{table_head('way', 'ms')}\n{table_row('ours', '1.2')}" == "| way | ms |\n|---|---|\n| ours | 1.2 |"
