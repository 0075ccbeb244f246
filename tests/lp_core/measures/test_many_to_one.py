"""`many_to_one`: intervals against one control equal Student's and scipy's, and hold together."""

import math

import numpy as np
import pytest
from scipy import stats

from lp_core.measures.comparison import paired_difference
from lp_core.measures.many_to_one import differences_from_first, dunnett_critical


@pytest.mark.parametrize("seeds", [2, 3, 8])
def test_two_conditions_are_paired_as_by_student(seeds):
    value_VS = np.random.default_rng(seeds).normal(size=(2, seeds))
    [found] = differences_from_first(value_VS)
    student = paired_difference(value_VS[1], value_VS[0]).interval
    assert (found.estimate, found.n) == (pytest.approx(student.estimate), seeds)
    assert (found.low, found.high) == pytest.approx((student.low, student.high), rel=0.01)


@pytest.mark.parametrize("freedom", [2, 4, 26, 200])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_one_comparison_has_students_quantile(freedom, confidence):
    expected = stats.t.ppf((1 + confidence) / 2, freedom)
    assert dunnett_critical(1, freedom, confidence) == pytest.approx(expected, rel=5e-4)


@pytest.mark.parametrize(("comparisons", "each"), [(2, 3), (4, 5), (9, 4)])
def test_the_critical_value_is_scipys_where_conditions_have_no_blocks(comparisons, each):
    control, *others = np.random.default_rng(each).normal(size=(comparisons + 1, each))
    interval = stats.dunnett(*others, control=control, rng=np.random.default_rng(0)).confidence_interval()
    pooled = np.mean([group.var(ddof=1) for group in (control, *others)])
    half = (interval.high - interval.low) / 2
    freedom = (comparisons + 1) * (each - 1)
    assert dunnett_critical(comparisons, freedom) * math.sqrt(2 * pooled / each) == pytest.approx(half, rel=0.01)


@pytest.mark.parametrize(
    ("comparisons", "freedom", "expected"), [(1, 5, 2.57), (2, 10, 2.57), (4, 20, 2.65), (9, 20, 2.95)]
)
def test_the_critical_value_is_that_of_printed_tables(comparisons, freedom, expected):
    # Dunnett's table, two-sided, 95 %
    assert dunnett_critical(comparisons, freedom) == pytest.approx(expected, abs=0.006)


def test_intervals_cover_together():
    rng = np.random.default_rng(0)
    effect = np.array([0.0, 1.0, -1.0, 0.0, 3.0])
    covered = 0
    for _ in range(1000):
        value_VS = effect[:, None] + 5 * rng.normal(size=3) + rng.normal(size=(5, 3))
        found = differences_from_first(value_VS)
        covered += all(each.low <= true <= each.high for each, true in zip(found, effect[1:], strict=True))
    assert covered / 1000 == pytest.approx(0.95, abs=3 * math.sqrt(0.05 * 0.95 / 1000))


def test_a_seed_that_lifts_all_conditions_alike_changes_nothing():
    value_VS = np.random.default_rng(1).normal(size=(4, 3))
    for one, other in zip(
        differences_from_first(value_VS), differences_from_first(value_VS + np.array([0, 50, -20])), strict=True
    ):
        assert (one.low, one.high) == pytest.approx((other.low, other.high))


def test_one_seed_has_no_interval():
    [found] = differences_from_first([[1.0], [3.0]])
    assert (found.estimate, found.n) == (2, 1)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@pytest.mark.parametrize("value_VS", [[], [[1.0, 2.0]], [[1.0], [1.0, 2.0]], [[], []], [[1.0, math.nan], [1.0, 2.0]]])
def test_what_cannot_be_compared_is_refused(value_VS):
    with pytest.raises(ValueError, match=r"conditions of|is NaN"):
        differences_from_first(value_VS)
