"""`firing`: enrichment, foveal index, variation and harmonics equal slow twins, and find what is planted."""

import numpy as np
import pytest
from scipy import stats

from lp_core.images.log_polar import LogPolarMap
from lp_core.measures.firing import (
    EQUIVALENT_RESULTANT,
    enrichment,
    foveal_index,
    harmonics,
    mean_share,
    shares,
    total_variation,
    total_variation_p,
)
from lp_core.measures.intervals import t_interval
from lp_core.measures.rings import bin_edges, cell_share, share_within
from lp_core.measures.statistics import benjamini_hochberg
from tests.reference import firing as slow

MAP = LogPolarMap(size=(224, 224))
EDGES = bin_edges(28)
CELLS = cell_share(EDGES)
WITHIN = share_within(EDGES, 8, MAP.radius_of, 35.7)


def layer(rng, channels=64, fovea=0.0):
    """Sums of activation by bin; the fovea responds 2^fovea times as strongly."""
    profile = CELLS * (1 - WITHIN + WITHIN * 2.0**fovea)
    return profile * rng.gamma(20, 1, (channels, 28)) * rng.gamma(2, 1, (channels, 1))


def test_uniform_activation_is_enriched_nowhere():
    share = mean_share(np.outer([1.0, 30.0], CELLS))
    np.testing.assert_allclose(enrichment(share, CELLS), 0, atol=1e-12)
    assert foveal_index(share, CELLS, WITHIN) == pytest.approx(0, abs=1e-12)
    assert total_variation(share, CELLS) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_indices_equal_their_slow_twins(seed):
    rng = np.random.default_rng(seed)
    sums = layer(rng)
    share = shares(sums)
    assert foveal_index(share, CELLS, WITHIN) == pytest.approx([slow.foveal_index(row, CELLS, WITHIN) for row in share])
    assert total_variation(share, CELLS) == pytest.approx([slow.total_variation(row, CELLS) for row in share])
    by_sector = rng.random((4, 32))
    expected = [[slow.harmonic(row, order) for order in (1, 2, 4)] for row in by_sector]
    np.testing.assert_allclose(harmonics(by_sector), expected, atol=1e-12)


def test_loud_and_dead_channels():
    sums = np.array([[1.0, 3.0], [300.0, 100.0], [0.0, 0.0]])
    np.testing.assert_array_equal(shares(sums), [[0.25, 0.75], [0.75, 0.25], [np.nan, np.nan]])
    assert mean_share(sums).tolist() == [0.5, 0.5]
    with pytest.raises(ValueError, match="all channels"):
        mean_share(sums[2:])
    with pytest.raises(ValueError, match="negative: -1"):
        shares(np.array([[-1.0, 2.0]]))


def test_nothing_where_something_is_expected():
    np.testing.assert_array_equal(enrichment([0, 0.5, 0.5], [0.5, 0.25, 0]), [-np.inf, 1, np.nan])


@pytest.mark.parametrize(("fovea", "found"), [(1.0, True), (-1.0, True), (0.0, False)])
def test_a_planted_fovea_is_found(fovea, found):
    """Five seeds of a layer that was trained, against five that were not."""
    rng = np.random.default_rng(0)
    index = [foveal_index(mean_share(layer(rng, fovea=fovea)), mean_share(layer(rng)), WITHIN) for _ in range(5)]
    interval = t_interval(np.array(index))
    assert (not interval.low <= 0 <= interval.high) == found
    if found:
        assert np.sign(interval.estimate) == np.sign(fovea)


def test_untrained_networks_against_others_are_rejected_at_the_level_at_most():
    rng = np.random.default_rng(1)
    trials, rejected = 300, 0
    for _ in range(trials):
        drift = rng.normal(0, 0.3, (2, 5))  # networks differ by more than their channels do
        index = [foveal_index(mean_share(layer(rng, 16, a)), mean_share(layer(rng, 16, b)), WITHIN) for a, b in drift.T]
        interval = t_interval(np.array(index))
        rejected += not interval.low <= 0 <= interval.high
    assert stats.binomtest(rejected, trials, 0.05, "greater").pvalue > 0.01


def test_places_that_differ_are_found_and_equal_ones_are_not():
    rng = np.random.default_rng(2)
    scrambled = rng.dirichlet(np.full(28, 2.0))
    elsewhere = np.roll(scrambled, 5)
    p_equal, p_planted = [], []
    for _ in range(200):
        first, second, same = rng.multinomial(2_000, scrambled, size=3)
        p_equal.append(total_variation_p(same, first, second, rng))
    for _ in range(20):
        first, second = rng.multinomial(2_000, scrambled, size=2)
        there = rng.multinomial(2_000, 0.5 * scrambled + 0.5 * elsewhere)
        p_planted.append(total_variation_p(there, first, second, rng))
    assert stats.binomtest(int((np.array(p_equal) <= 0.05).sum()), 200, 0.05, "greater").pvalue > 0.01
    q = benjamini_hochberg(np.array(p_planted + p_equal))
    assert np.mean(q[:20] < 0.05) >= 0.95
    with pytest.raises(ValueError, match="empty"):
        total_variation_p(np.zeros(3, int), np.ones(3, int), np.ones(3, int), rng)


def test_harmonics_find_sides_axes_and_nothing():
    angle = 2 * np.pi * np.arange(64) / 64
    side, axis, even = 1 + np.cos(angle - 0.7), 1 + np.cos(2 * (angle - 0.7)), np.ones(64)
    found = harmonics(np.stack([side, axis, even]))
    np.testing.assert_allclose(np.abs(found), [[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0]], atol=1e-12)
    assert np.angle(found[0, 0]) == pytest.approx(0.7)
    assert np.angle(found[1, 1]) / 2 == pytest.approx(0.7)
    assert np.isnan(harmonics(np.zeros((1, 8)))).all()


def test_a_quarter_turn_of_the_photograph_rolls_sectors_exactly():
    photograph = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.float32)
    log_polar = LogPolarMap(size=(64, 64), sectors=64, rings=40)
    upright, turned = (log_polar.warp(image).sum(1) for image in (photograph, np.rot90(photograph, -1).copy()))
    np.testing.assert_array_equal(turned, np.roll(upright, 16))
    before, after = harmonics(np.stack([upright, turned]))
    np.testing.assert_allclose(after, before * np.exp(1j * np.pi / 2 * np.array([1, 2, 4])), atol=1e-12)


def test_large_samples_find_preferences_that_are_none():
    """Why the resultant length is reported, and not the p-value of a Rayleigh test."""
    images, r = 50_000, 0.017
    assert np.exp(-images * r**2) < 1e-6
    assert r < EQUIVALENT_RESULTANT
