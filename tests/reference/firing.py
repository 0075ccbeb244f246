"""Slow twins of where channels fire: pixels counted one after the other, sums written out, the map as a matrix."""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence

import numpy as np

from lp_core.images.log_polar import LogPolarMap


def area_below(radius: float, size: tuple[int, int], fixation_yx: tuple[float, float], fine: int = 16) -> float:
    """Area of the photograph within a radius, by fine x fine points in every pixel."""
    y = (np.arange(size[0] * fine) + 0.5) / fine - 0.5 - fixation_yx[0]
    x = (np.arange(size[1] * fine) + 0.5) / fine - 0.5 - fixation_yx[1]
    return float((np.hypot(y[:, None], x) < radius).sum()) / fine**2


def foveal_index(share: Sequence[float], expected: Sequence[float], within: Sequence[float]) -> float:
    inside, by_chance = 0.0, 0.0
    for one, other, part in zip(share, expected, within, strict=True):
        inside += part * one
        by_chance += part * other
    return math.log2(inside / by_chance)


def total_variation(p: Sequence[float], q: Sequence[float]) -> float:
    return sum(max(a - b, 0.0) for a, b in zip(p, q, strict=True))


def harmonic(weights: Sequence[float], order: int) -> complex:
    total = 0j
    for sector, weight in enumerate(weights):
        total += weight * cmath.exp(2j * cmath.pi * order * sector / len(weights))
    return total / sum(weights)


def jacobian(log_polar: LogPolarMap) -> np.ndarray:
    """[S R, H W]: the log-polar image of every photograph that has one bright pixel."""
    columns = []
    for pixel in range(log_polar.size[0] * log_polar.size[1]):
        image_HW = np.zeros(log_polar.size)
        image_HW.flat[pixel] = 1.0
        columns.append(log_polar.warp(image_HW).ravel())
    return np.stack(columns, 1)


def energy_by_ring(energy_HW: np.ndarray, radii: Sequence[float], fixation_yx: tuple[float, float]) -> list[float]:
    total = [0.0] * (len(radii) - 1)
    for (y, x), energy in np.ndenumerate(energy_HW):
        distance = math.hypot(y - fixation_yx[0], x - fixation_yx[1])
        for index in range(len(total)):
            if radii[index] <= distance < radii[index + 1]:
                total[index] += energy
    return total
