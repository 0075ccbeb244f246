"""`comparison`: differences of paired seeds, the yardstick of two seeds, and checkpoints of equal accuracy."""

import math

import numpy as np
import pytest
from scipy import stats

from lp_core.measures.comparison import accuracy_matched, paired_difference, yardstick
from lp_core.measures.intervals import t_power
from lp_core.measures.statistics import cliffs_delta


def test_identical_runs_do_not_differ():
    result = paired_difference([0.2, 0.3, 0.25], [0.2, 0.3, 0.25])
    assert result.interval.estimate == result.interval.low == result.interval.high == 0
    assert result.p == 1
    assert result.smallest_p == 0.25


def test_one_seed_is_a_case_report():
    result = paired_difference([0.2], [0.1])
    assert result.p is None
    assert math.isnan(result.interval.low)
    assert result.interval.estimate == pytest.approx(0.1)


def test_other_seeds_cannot_be_paired():
    with pytest.raises(ValueError, match="2 and 1 seeds"):
        paired_difference([1, 2], [1])
    with pytest.raises(ValueError, match="replicate"):
        paired_difference([], [])


def test_views_swapped_at_random_are_rejected_at_the_level_at_most():
    rng = np.random.default_rng(0)
    view = np.stack([rng.normal(1.0, 0.3, 8), rng.normal(0.0, 0.3, 8)])
    rejected = {"interval": 0, "sign flip": 0}
    for _ in range(1000):
        swap = rng.integers(0, 2, 8)
        result = paired_difference(view[swap, range(8)], view[1 - swap, range(8)])
        assert result.p is not None
        rejected["interval"] += not result.interval.low <= 0 <= result.interval.high
        rejected["sign flip"] += result.p <= 0.05
    assert all(stats.binomtest(count, 1000, 0.05, "greater").pvalue > 0.01 for count in rejected.values())


def test_a_shift_of_one_sd_is_found_in_eight_seeds_with_the_computed_power():
    rng = np.random.default_rng(1)
    found = {"interval": 0, "sign flip": 0}
    for _ in range(1000):
        seed_effect = rng.normal(0, 3, 8)  # what both views share
        result = paired_difference(seed_effect + rng.normal(1, 1, 8), seed_effect)
        assert result.p is not None
        found["interval"] += result.interval.low > 0 or result.interval.high < 0
        found["sign flip"] += result.p <= 0.05
    power = t_power(1.0, 8)
    assert found["interval"] / 1000 == pytest.approx(power, abs=3 * math.sqrt(power * (1 - power) / 1000))
    assert found["sign flip"] / 1000 == pytest.approx(power, abs=0.06)


@pytest.mark.parametrize(("shift", "exceeds"), [(1.5, True), (0.0, False)])
def test_a_view_must_differ_by_more_than_seeds_do(shift, exceeds):
    rng = np.random.default_rng(2)
    ordinary = [rng.normal(rng.normal(0, 0.1), 1, 200) for _ in range(4)]
    other = [rng.normal(shift + rng.normal(0, 0.1), 1, 200) for _ in range(4)]
    result = yardstick(ordinary, other, cliffs_delta)
    assert len(result.between_views_S) == 4
    assert len(result.between_seeds) == 6
    assert result.exceeds == exceeds
    assert (result.ratio > 3) == exceeds


def test_the_yardstick_needs_two_seeds():
    with pytest.raises(ValueError, match="1 and 1 seeds"):
        yardstick([np.ones(3)], [np.ones(3)], cliffs_delta)
    same = [np.ones(3)] * 2
    assert yardstick(same, same, cliffs_delta).ratio == math.inf


@pytest.mark.parametrize(
    ("a", "b", "tolerance", "expected"),
    [
        ([10, 30, 50, 70], [12, 31, 49, 55], 2.0, (2, 2, 1.0)),
        ([10, 30, 50, 70], [12, 31, 49, 55], 0.5, None),
        ([50, 50, 50], [50, 50], 0.0, (0, 0, 0.0)),
        ([40, 52], [50, 51.5], 3.0, (1, 1, 0.5)),
    ],
)
def test_the_most_accurate_equal_checkpoints_are_chosen(a, b, tolerance, expected):
    match = accuracy_matched(a, b, tolerance)
    assert (match and (match.a, match.b, match.difference)) == expected


@pytest.mark.parametrize(("a", "b", "tolerance"), [([], [1], 1), ([1], [math.nan], 1), ([1], [1], -1)])
def test_histories_that_cannot_be_matched_are_refused(a, b, tolerance):
    with pytest.raises(ValueError, match="tolerance"):
        accuracy_matched(a, b, tolerance)
