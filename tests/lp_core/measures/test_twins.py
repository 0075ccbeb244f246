"""`twins`: channels of two networks pair as planted, and unrelated ones at the null's rate."""

import numpy as np
import pytest

from lp_core.measures.twins import correlation, twin_channels


def networks(seed: int, shared: int, channels: int = 40, images: int = 1_500, noise: float = 1.0):
    """Maxima of two networks, of which some channels follow the same features, in another order."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(images, shared))
    own = [rng.normal(size=(images, channels - shared)) for _ in range(2)]
    maxima = [
        np.maximum(np.concatenate([features + noise * rng.normal(size=features.shape), alone], 1), 0) for alone in own
    ]
    order = rng.permutation(channels)
    return maxima[0].astype(np.float16), maxima[1][:, order].astype(np.float16), order, rng


def test_correlation_is_pearsons():
    a, b, _, _ = networks(0, 5)
    a[:, 7] = 3.0
    expected = [
        [np.nan if i == 7 else np.corrcoef(a[:, i].astype(float), b[:, j].astype(float))[0, 1] for j in range(40)]
        for i in range(40)
    ]
    np.testing.assert_allclose(correlation(a, b), expected, atol=1e-6)


def test_planted_twins_are_found():
    a, b, order, rng = networks(1, 20)
    twins = twin_channels(a, b, rng)
    assert order[twins.twin_A[:20]].tolist() == list(range(20))
    assert np.mean(twins.twin_A[20:] >= 0) <= 0.05
    assert twins.share == pytest.approx(0.5, abs=0.03)


def test_unrelated_networks_have_twins_at_the_level_at_most():
    share = []
    for seed in range(20):
        a, b, _, rng = networks(seed, 0)
        share.append(twin_channels(a, b, rng).share)
    assert np.mean(share) <= 0.05 + 2 * np.std(share) / np.sqrt(len(share))


def test_dead_channels_have_no_twin():
    a, b, _, rng = networks(2, 20)
    a[:, 0] = 0
    b[:, 5] = 0
    twins = twin_channels(a, b, rng)
    assert twins.twin_A[0] == -1
    assert np.isnan(twins.correlation_A[0])
    assert 5 not in twins.twin_A
    with pytest.raises(ValueError, match="constant"):
        twin_channels(np.zeros((9, 3)), b[:9], rng)


def test_other_images_cannot_be_correlated():
    with pytest.raises(ValueError, match="5 and 4 images"):
        correlation(np.zeros((5, 2)), np.zeros((4, 2)))
