"""Slow twins of the log-polar map, written from the formulas: two Python loops, one cell at a time.

Source: Schwartz 1977; OpenCV's documentation of `warpPolar`; OpenCV 3.4.1's `cvLogPolar` for paper-2018.
"""

from __future__ import annotations

import math

import numpy as np


def radius(law: str, ring: float, *, rings: int, outer: float, foveal_scale: float = 1.0) -> float:
    """Distance from the fixation in px. `outer` is r_max, OpenCV's maxRadius, or exp(rings / M) with the authors' M."""
    if law == "monopole":
        return foveal_scale * (math.exp(ring / rings * math.log(1 + outer / foveal_scale)) - 1)
    if law == "opencv":
        return math.exp(ring * math.log(outer) / rings) - 1
    return math.exp(ring / (rings / math.log(outer)))


def interpolate(image_HWC: np.ndarray, y: float, x: float, fill: float) -> np.ndarray:
    """Bilinear, one position, with `fill` all around the image."""

    def pixel(row: int, column: int) -> np.ndarray:
        inside = 0 <= row < image_HWC.shape[0] and 0 <= column < image_HWC.shape[1]
        return image_HWC[row, column].astype(float) if inside else np.full(image_HWC.shape[2:], float(fill))

    row, column = math.floor(y), math.floor(x)
    down, right = y - row, x - column
    upper = (1 - right) * pixel(row, column) + right * pixel(row, column + 1)
    lower = (1 - right) * pixel(row + 1, column) + right * pixel(row + 1, column + 1)
    return (1 - down) * upper + down * lower


def warp(
    image_HWC: np.ndarray,
    law: str,
    *,
    sectors: int,
    rings: int,
    outer: float,
    centre_yx: tuple[float, float],
    foveal_scale: float = 1.0,
    fill: float = 0.0,
    samples: int = 1,
) -> np.ndarray:
    """The log-polar image, each cell the mean of samples x samples positions spread evenly over it; float64."""
    image_SRC = np.zeros((sectors, rings, *image_HWC.shape[2:]))
    within = [(k + 0.5) / samples - 0.5 for k in range(samples)]
    for sector in range(sectors):
        for ring in range(rings):
            for a in within:
                for b in within:
                    r = radius(law, ring + b, rings=rings, outer=outer, foveal_scale=foveal_scale)
                    angle = 2 * math.pi * (sector + a) / sectors
                    y, x = centre_yx[0] + r * math.sin(angle), centre_yx[1] + r * math.cos(angle)
                    image_SRC[sector, ring] += interpolate(image_HWC, y, x, fill) / samples**2
    return image_SRC


def supersampled(image_HWC: np.ndarray, log_polar, rings: range, crop=None, samples: int = 8) -> np.ndarray:
    """What the cells of some rings see of a crop (or of the whole image): the mean of samples x samples positions.

    As `warp`, all positions at once, so that photographs can be compared.
    """
    height, width = log_polar.size
    top, left, tall, wide = (0, 0, height, width) if crop is None else (crop.top, crop.left, crop.height, crop.width)
    within = (np.arange(samples) + 0.5) / samples - 0.5
    padded = np.pad(image_HWC.astype(np.float32), ((2, 2), (2, 2), (0, 0)))
    total = np.zeros((log_polar.sectors, len(rings), image_HWC.shape[2]), np.float32)
    for a in within:
        for b in within:
            angle = 2 * math.pi * (np.arange(log_polar.sectors)[:, None] + a) / log_polar.sectors
            r = log_polar.radius_of(np.array(rings) + b)
            y, x = log_polar.centre_yx[0] + r * np.sin(angle), log_polar.centre_yx[1] + r * np.cos(angle)
            y, x = top + (y + 0.5) * tall / height + 1.5, left + (x + 0.5) * wide / width + 1.5
            y0, x0 = np.floor(y).astype(int), np.floor(x).astype(int)
            for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
                weight = abs(1 - down - (y - y0)) * abs(1 - right - (x - x0))
                row, column = np.clip(y0 + down, 0, len(padded) - 1), np.clip(x0 + right, 0, padded.shape[1] - 1)
                total += weight[..., None].astype(np.float32) * padded[row, column]
    return total / samples**2
