"""`survival` agrees with SciPy's Kaplan-Meier and a slow twin; its intervals know clusters."""

import numpy as np
import pytest
from scipy import stats

from lp_core.measures.survival import kaplan_meier, median_interval
from tests.reference.evolution import survival


@pytest.mark.parametrize("seed", range(5))
def test_curves_are_those_of_scipy_and_of_the_definition(seed) -> None:
    rng = np.random.default_rng(seed)
    time_C, is_seen_C = rng.integers(0, 12, 40), rng.random(40) < 0.6
    found = kaplan_meier(time_C, is_seen_C)
    oracle = stats.ecdf(stats.CensoredData.right_censored(time_C, ~is_seen_C)).sf
    np.testing.assert_allclose(found.share_T, oracle.evaluate(found.time_T), atol=1e-12)
    slow = [survival(time_C.tolist(), is_seen_C.tolist(), time) for time in range(-1, 13)]
    np.testing.assert_allclose([found.share_after(time) for time in range(-1, 13)], slow, atol=1e-12)


def test_median_and_mean_are_those_of_the_values_where_nothing_is_censored() -> None:
    time_C = np.array([0, 1, 1, 3, 8])
    found = kaplan_meier(time_C, np.ones(5, bool))
    assert found.median == 1
    assert found.mean == pytest.approx(time_C.mean())


def test_a_median_that_is_not_reached_is_the_last_time() -> None:
    found = kaplan_meier(np.array([1, 6, 6, 6]), np.array([True, False, False, False]))
    assert found.median == 6
    assert found.share_T[-1] == pytest.approx(0.75)
    assert found.mean == pytest.approx((1 + 3 * 6) / 4)


def test_no_channel_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one channel"):
        kaplan_meier(np.zeros(0), np.zeros(0, bool))


def test_channels_of_one_cluster_count_as_one() -> None:
    rng = np.random.default_rng(0)
    time_G = rng.integers(0, 20, 25)
    seen = np.ones(25, bool)
    single = median_interval(time_G, seen, np.arange(25), np.random.default_rng(1), samples=300)
    copies = median_interval(
        np.repeat(time_G, 8), np.repeat(seen, 8), np.repeat(np.arange(25), 8), np.random.default_rng(1), samples=300
    )
    assert copies == single
    assert copies.low < copies.estimate < copies.high
    alone = median_interval(
        np.repeat(time_G, 8), np.repeat(seen, 8), np.arange(200), np.random.default_rng(1), samples=300
    )
    assert alone.high - alone.low < copies.high - copies.low
    one = median_interval(time_G, seen, np.zeros(25, int), np.random.default_rng(1))
    assert one.n == 1
    assert np.isnan(one.low)
