"""`all_pairs`: intervals of any pairs equal Student's and scipy's, and hold together."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from lp_core.measures.all_pairs import differences_of_pairs
from lp_core.measures.comparison import paired_difference


@pytest.mark.parametrize("seeds", [2, 3, 8])
def test_two_conditions_are_paired_as_by_student(seeds):
    value_VS = np.random.default_rng(seeds).normal(size=(2, seeds))
    [found] = differences_of_pairs(value_VS, [(1, 0)])
    student = paired_difference(value_VS[1], value_VS[0]).interval
    assert (found.estimate, found.n) == (pytest.approx(student.estimate), seeds)
    assert (found.low, found.high) == pytest.approx((student.low, student.high), rel=1e-4)


def test_the_width_is_that_of_scipys_tukey_where_seeds_lift_nothing():
    """Columns without a mean: the blocks take nothing but their degrees of freedom."""
    value_VS = np.random.default_rng(0).normal(size=(4, 6))
    value_VS -= value_VS.mean(axis=0)
    interval = stats.tukey_hsd(*value_VS).confidence_interval()
    pairs = list(itertools.permutations(range(4), 2))
    widths = [found.high - found.low for found in differences_of_pairs(value_VS, pairs)]
    of_groups, of_blocks = 4 * 5, 3 * 5
    ratio = stats.studentized_range.ppf(0.95, 4, of_blocks) / stats.studentized_range.ppf(0.95, 4, of_groups)
    expected = [(interval.high[pair] - interval.low[pair]) * ratio * math.sqrt(of_groups / of_blocks) for pair in pairs]
    assert widths == pytest.approx(expected, rel=1e-4)


def test_intervals_cover_together():
    rng = np.random.default_rng(0)
    effect = np.array([0.0, 1.0, -1.0, 3.0])
    pairs = list(itertools.combinations(range(4), 2))
    covered = 0
    for _ in range(1000):
        value_VS = effect[:, None] + 5 * rng.normal(size=3) + rng.normal(size=(4, 3))
        found = differences_of_pairs(value_VS, pairs)
        true = [effect[one] - effect[other] for one, other in pairs]
        covered += all(each.low <= value <= each.high for each, value in zip(found, true, strict=True))
    assert covered / 1000 == pytest.approx(0.95, abs=3 * math.sqrt(0.05 * 0.95 / 1000))


def test_one_seed_has_no_interval():
    [found] = differences_of_pairs([[1.0], [3.0]], [(1, 0)])
    assert (found.estimate, found.n) == (2, 1)
    assert math.isnan(found.low)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="conditions of"):
        differences_of_pairs([[1.0, 2.0], [1.0]], [(0, 1)])
