"""Likeness of two maps, and edges of an image, equal to scikit-image and SciPy."""

import math

import numpy as np
import pytest
from scipy.ndimage import correlate1d
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity

from lp_core.measures.similarity import as_drawn, edge_strength, magnitude, rank_correlation, ssim


def two_maps(shape: tuple[int, int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    a = rng.random(shape) * (rng.random(shape) > 0.3)  # gradients have many zeros, which tie
    return a, np.clip(0.5 * a + 0.5 * rng.random(shape), 0, 1)


@pytest.mark.parametrize("shape", [(7, 7), (24, 31), (3, 3), (5, 40), (6, 8)])
def test_ssim_is_that_of_scikit_image(shape):
    a, b = two_maps(shape)
    side = min(7, *shape)
    expected = structural_similarity(a, b, win_size=side - 1 + side % 2, data_range=1.0)
    assert ssim(a, b) == pytest.approx(expected, rel=1e-12)


def test_equal_maps_are_alike_and_small_ones_unknown():
    a, _ = two_maps((12, 12))
    assert ssim(a, a) == pytest.approx(1)
    assert rank_correlation(a, a) == pytest.approx(1)
    assert rank_correlation(a, -a) == pytest.approx(-1)
    assert rank_correlation(a, a**3) == pytest.approx(1), "ranks alone count"
    assert math.isnan(ssim(a[:2], a[:2]))


@pytest.mark.parametrize("shape", [(9, 9), (3, 50)])
def test_rank_correlation_is_that_of_scipy(shape):
    a, b = two_maps(shape)
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a.ravel(), b.ravel()).statistic, rel=1e-12)


def test_a_constant_or_empty_map_has_no_rank_correlation():
    a, _ = two_maps((4, 4))
    assert math.isnan(rank_correlation(a, np.ones((4, 4))))
    assert math.isnan(rank_correlation(a[:0], a[:0]))


def test_magnitude_and_scale_are_those_of_pictures():
    gradient = np.zeros((3, 20, 20))
    gradient[:, 3, 4] = (2, -1, 2)
    assert magnitude(gradient)[3, 4] == 3
    assert as_drawn(magnitude(gradient)).max() == 1
    assert not as_drawn(np.zeros((3, 3))).any()
    values = np.arange(1.0, 1001).reshape(20, 50)
    assert (as_drawn(values) == 1).sum() == 5, "the 99.5th percentile is white"


@pytest.mark.parametrize("wraps", [False, True])
def test_edges_are_those_of_scipys_sobel(wraps):
    image = np.random.default_rng(3).integers(0, 256, (11, 14, 3), np.uint8)
    luminance = image @ np.array([0.299, 0.587, 0.114])
    rows = "wrap" if wraps else "nearest"
    smooth, difference = [1, 2, 1], [-1, 0, 1]
    down = correlate1d(correlate1d(luminance, difference, 0, mode=rows), smooth, 1, mode="nearest")
    across = correlate1d(correlate1d(luminance, smooth, 0, mode=rows), difference, 1, mode="nearest")
    assert edge_strength(image, wraps=wraps) == pytest.approx(np.hypot(down, across), abs=1e-9)
