"""`intervals`: intervals cover as often as they say, and equal scipy's where it has them."""

import math

import numpy as np
import pytest
from scipy import stats

from lp_core.measures.intervals import (
    bca_interval,
    cluster_interval,
    equivalence,
    hierarchical_interval,
    t_interval,
    t_power,
)
from lp_core.measures.statistics import cliffs_delta


@pytest.mark.parametrize(("n", "half"), [(3, 2.48), (5, 1.24), (8, 0.84)])
def test_half_width_of_few_seeds_in_standard_deviations(n, half):
    value = np.random.default_rng(n).normal(size=n)
    interval = t_interval(value)
    assert (interval.high - interval.low) / 2 / value.std(ddof=1) == pytest.approx(half, abs=0.005)
    assert interval.low < interval.estimate < interval.high


def test_t_intervals_cover():
    rng = np.random.default_rng(0)
    intervals = [t_interval(rng.normal(1, 2, 5)) for _ in range(2000)]
    covered = np.mean([interval.low <= 1 <= interval.high for interval in intervals])
    assert covered == pytest.approx(0.95, abs=3 * math.sqrt(0.05 * 0.95 / 2000))


def test_one_value_has_no_interval():
    for interval in (
        t_interval(np.ones(1)),
        bca_interval(np.ones(1), np.random.default_rng(0)),
        cluster_interval(np.ones(4), np.zeros(4), np.random.default_rng(0)),
        hierarchical_interval([(np.ones(3),)], np.mean, np.random.default_rng(0)),
    ):
        assert interval.estimate == 1
        assert interval.n == 1
        assert math.isnan(interval.low)
        assert math.isnan(interval.high)


def test_bca_covers_the_mean_of_skewed_values():
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(150):
        interval = bca_interval(rng.exponential(size=40), rng, samples=500)
        covered.append(interval.low <= 1 <= interval.high)
    assert np.mean(covered) > 0.88


@pytest.mark.parametrize("value", [np.full(5, 2.0), np.array([1.0, 1, 1, 1, 2])])
def test_bca_of_nearly_constant_values_is_no_warning(value):
    interval = bca_interval(value, np.random.default_rng(0))
    assert interval.low <= value.mean() <= interval.high


@pytest.mark.parametrize("bad", [np.array([]), np.array([1.0, np.nan]), np.ones((2, 2))])
def test_values_that_are_none_are_refused(bad):
    with pytest.raises(ValueError, match="replicate"):
        t_interval(bad)


def test_channels_in_clusters_are_no_replicates():
    """Resampling channels one by one calls a difference that is none; resampling clusters does not."""
    rng = np.random.default_rng(0)
    rejected = {"channels": 0, "clusters": 0}
    cluster = np.repeat(np.arange(30), 16)
    for _ in range(200):
        value = np.repeat(rng.normal(size=30), 16) + 0.3 * rng.normal(size=480)
        for name, ids in (("channels", np.arange(480)), ("clusters", cluster)):
            interval = cluster_interval(value, ids, rng, samples=300)
            rejected[name] += not interval.low <= 0 <= interval.high
    assert rejected["clusters"] / 200 < 0.10  # percentile intervals of 30 values are slightly short
    assert rejected["channels"] / 200 > 0.4


def test_hierarchical_intervals_follow_seeds_not_channels():
    rng = np.random.default_rng(0)
    groups = [(rng.normal(shift, 1, 200), rng.normal(0, 1, 200)) for shift in (1.2, 0.8, 1.0, 1.4, 0.6)]
    wide = hierarchical_interval(groups, cliffs_delta, rng, samples=400)
    assert wide.estimate == pytest.approx(np.mean([cliffs_delta(a, b) for a, b in groups]))
    assert 0 < wide.low < wide.estimate < wide.high
    same_seed = hierarchical_interval([groups[2]] * 5, cliffs_delta, rng, samples=400)
    assert same_seed.high - same_seed.low < wide.high - wide.low


def test_equivalence_is_two_one_sided_tests():
    value = np.random.default_rng(0).normal(0.1, 0.3, 12)
    result = equivalence(value, 0.4)
    lower = stats.ttest_1samp(value, -0.4, alternative="greater").pvalue
    upper = stats.ttest_1samp(value, 0.4, alternative="less").pvalue
    assert result.p == pytest.approx(max(lower, upper))
    interval = t_interval(value, 0.90)
    assert result.equivalent == (interval.low > -0.4 and interval.high < 0.4)


@pytest.mark.parametrize(
    ("value", "equivalent"),
    [(np.zeros(4), True), (np.full(4, 0.5), False), (np.array([0.0]), False), (np.array([-5.0, 5.0]), False)],
)
def test_equivalence_at_its_limits(value, equivalent):
    assert equivalence(value, 0.2).equivalent == equivalent


def test_values_at_the_margin_are_called_equivalent_at_most_at_the_level():
    rng = np.random.default_rng(0)
    called = np.mean([equivalence(rng.normal(0.5, 1, 8), 0.5).equivalent for _ in range(1000)])
    assert called < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000)
    with pytest.raises(ValueError, match="margin is 0"):
        equivalence(np.zeros(3), 0)


@pytest.mark.parametrize(("effect", "n"), [(1.0, 8), (1.0, 3), (0.0, 5), (2.0, 5)])
def test_a_planted_shift_is_found_with_the_computed_power(effect, n):
    rng = np.random.default_rng(n)
    intervals = [t_interval(rng.normal(effect, 1, n)) for _ in range(1500)]
    found = np.mean([not interval.low <= 0 <= interval.high for interval in intervals])
    power = t_power(effect, n)
    assert found == pytest.approx(power, abs=3.5 * math.sqrt(power * (1 - power) / 1500))


def test_power_that_is_quoted():
    assert t_power(1, 8) == pytest.approx(0.681, abs=0.001)
    assert t_power(1, 3) == pytest.approx(0.179, abs=0.001)
    with pytest.raises(ValueError, match="n is 1"):
        t_power(1, 1)
