"""Bins of neighbouring rings: their share of the cells, of the photograph's area, and of the fovea.

A statement about place depends on the coordinate, so everything is given for both: cells (cortex) and photograph.
Shapes: B bins, E = B + 1 edges. Columns are those of a layer's map; radii are px of the photograph (of the crop resized
to the network's input).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

BINS = 28
"""Most bins. Source: `channel_statistics.FINEST_MAP`; one bin per column from conv4_1 on at 224 px."""

RadiusOf = Callable[[np.ndarray], np.ndarray]
"""Radius in px of rings of the network input, fractions too: `LogPolarMap.radius_of`."""


def bin_edges(columns: int, bins: int = BINS) -> np.ndarray:
    """Return int64 [E]: the first column of each bin, and the number of columns; the last bin may be narrower.

    Raises:
        ValueError: no columns or no bins.
    """
    if columns < 1 or bins < 1:
        raise ValueError(f"{columns} columns cannot be divided into {bins} bins; give at least 1 of each")
    return np.append(np.arange(0, columns, -(-columns // bins)), columns)


def cell_share(edge_E: np.ndarray) -> np.ndarray:
    """Return float64 [B]: share of the columns in each bin; what a channel without preference shows (null S0)."""
    return np.diff(edge_E) / edge_E[-1]


def edge_radii(edge_E: np.ndarray, stride: int, radius_of: RadiusOf) -> np.ndarray:
    """Return float64 [E]: radius in px at which each bin starts, and the last one ends.

    Column j of a layer's map stands for the rings from stride j - 1/2 to stride (j + 1) - 1/2.
    """
    return np.maximum(radius_of(stride * np.asarray(edge_E, float) - 0.5), 0.0)


def area_below(radius: np.ndarray, size: tuple[int, int], fixation_yx: tuple[float, float]) -> np.ndarray:
    """Return the area in px of the photograph within a radius of the fixation; exact.

    Args:
        radius: px, any shape.
        size: height and width of the photograph.
        fixation_yx: inside the photograph; (0, 0) is the centre of the top left pixel.

    Raises:
        ValueError: the fixation is outside.
    """
    up, left = fixation_yx[0] + 0.5, fixation_yx[1] + 0.5
    distances = (up, left, size[0] - up, size[1] - left)
    if min(distances) < 0:
        raise ValueError(f"the fixation {fixation_yx} is outside the photograph of {size[0]} x {size[1]} px")
    radius = np.asarray(radius, np.float64)
    up, left, down, right = distances
    return sum((_quarter(radius, y, x) for y in (up, down) for x in (left, right)), np.zeros_like(radius))


def area_share(radius_E: np.ndarray, size: tuple[int, int], fixation_yx: tuple[float, float]) -> np.ndarray:
    """Return float64 [B]: share of the photograph's sampled area in each bin.

    Args:
        radius_E: from `edge_radii`, ascending.
        size: height and width of the photograph in px.
        fixation_yx: inside the photograph.

    Raises:
        ValueError: the fixation is outside, or the rings cover no area.
    """
    area_B = np.diff(area_below(radius_E, size, fixation_yx))
    if not area_B.sum() > 0:
        raise ValueError(f"the rings from {radius_E[0]:g} to {radius_E[-1]:g} px cover nothing of the photograph")
    return area_B / area_B.sum()


def share_within(edge_E: np.ndarray, stride: int, radius_of: RadiusOf, radius: float) -> np.ndarray:
    """Return float64 [B]: share of each bin's columns whose centre is nearer to the fixation than a radius in px."""
    centre = stride * (np.arange(edge_E[-1]) + 0.5) - 0.5
    within = (radius_of(centre) < radius).astype(float)
    return np.add.reduceat(within, edge_E[:-1]) / np.diff(edge_E)


def fovea_radius(size: int) -> float:
    """Return the radius in px within which `size` sectors are less than a pixel apart: size / 2 pi.

    35.7 px for 224. There the photograph is oversampled along the angle. The fovea stays as large where the input has
    another shape (`view.sectors`), so that the same part of the photograph is compared.
    """
    return size / (2 * np.pi)


def _quarter(radius: np.ndarray, y: float, x: float) -> np.ndarray:
    """Area of a quarter disc that lies in a rectangle of y x x px with a corner at its centre."""
    beyond = np.zeros_like(radius)
    for side in (y, x):
        outside = radius > side
        r = np.where(outside, radius, 1.0)
        half_angle = np.arccos(np.clip(np.where(outside, side / r, 1.0), 0, 1))
        beyond += np.where(outside, r**2 * half_angle - side * np.sqrt(np.maximum(r**2 - side**2, 0)), 0) / 2
    return np.where(radius >= np.hypot(y, x), y * x, np.pi * radius**2 / 4 - beyond)
