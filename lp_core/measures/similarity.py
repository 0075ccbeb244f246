"""How alike two pictures of what drives a unit are, and how alike a picture is to the edges in its image.

Shapes: h w rows and columns of a map, C colours.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from lp_core.exemplars.contrast import SHARE
from lp_core.exemplars.field_measures import LUMINANCE

WINDOW = 7
"""Side in px of the windows of SSIM; smaller maps take the largest odd side. Source: scikit-image's default."""
K1, K2 = 0.01, 0.03
"""Constants of SSIM. Source: Wang et al. 2004."""


def magnitude(gradient_Chw: np.ndarray) -> np.ndarray:
    """Return the length of the gradient by the colours of each px, float64 [h, w]; signs do not count.

    Source: "absolute value" of Adebayo et al. 2018; the length over colours is our choice.
    """
    return np.sqrt(np.square(np.asarray(gradient_Chw, np.float64)).sum(0))


def as_drawn(magnitude_hw: np.ndarray) -> np.ndarray:
    """Return a map from 0 to 1, scaled and clipped as pictures are (`contrast.gradient_picture`)."""
    known = magnitude_hw[magnitude_hw > 0]
    return np.clip(magnitude_hw / np.quantile(known, SHARE), 0, 1) if known.size else np.zeros(magnitude_hw.shape)


def rank_correlation(a_hw: np.ndarray, b_hw: np.ndarray) -> float:
    """Return Spearman's rank correlation of two maps over their px, -1 to 1; NaN where one is constant or empty."""
    from scipy.stats import rankdata

    if not a_hw.size:
        return math.nan
    a, b = (rankdata(map_hw.ravel()) for map_hw in (a_hw, b_hw))
    a, b = a - a.mean(), b - b.mean()
    scale = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / scale if scale > 0 else math.nan


def ssim(a_hw: np.ndarray, b_hw: np.ndarray) -> float:
    """Return the structural similarity of two maps from 0 to 1, averaged over all whole windows, -1 to 1.

    1 also for two maps that are zero everywhere. NaN for maps of fewer than 3 rows or columns.

    Source: Wang et al. 2004, with a uniform window and variances over n - 1, as scikit-image computes it.
    """
    side = min(WINDOW, *a_hw.shape)
    side -= 1 - side % 2
    if side < 3:
        return math.nan
    a_hwP, b_hwP = (np.lib.stride_tricks.sliding_window_view(map_hw, (side, side)) for map_hw in (a_hw, b_hw))
    mean_a, mean_b = a_hwP.mean((2, 3)), b_hwP.mean((2, 3))
    var_a, var_b = a_hwP.var((2, 3), ddof=1), b_hwP.var((2, 3), ddof=1)
    pixels = side**2
    covariance = (np.einsum("hwij,hwij->hw", a_hwP, b_hwP) / pixels - mean_a * mean_b) * pixels / (pixels - 1)
    c1, c2 = K1**2, K2**2
    numerator = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return float((numerator / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


def edge_strength(image_SRC: np.ndarray, *, wraps: bool = False) -> np.ndarray:
    """Return the length of the Sobel gradient of the luminance, float64 [S, R].

    Args:
        image_SRC: uint8, the network input.
        wraps: rows beyond the last are the first ones again; else the border is repeated.
    """
    luminance_SR = np.asarray(image_SRC, np.float64) @ np.array(LUMINANCE)
    padded = np.pad(luminance_SR, ((1, 1), (0, 0)), mode="wrap" if wraps else "edge")
    padded = np.pad(padded, ((0, 0), (1, 1)), mode="edge")
    down, across = (cv2.Sobel(padded, cv2.CV_64F, *order, ksize=3)[1:-1, 1:-1] for order in ((0, 1), (1, 0)))
    return np.hypot(down, across)
