"""Where in the photograph the energy of a gradient lies, by the chain rule.

A picture of a gradient averages cells into pixels; the derivative sums them. At the fovea, where many cells look at one
pixel, the two differ by a factor.

Shapes: N gradients, S sectors, R rings, H W px of the photograph, C colours, B ring bins, E = B + 1 edges.
"""

from __future__ import annotations

import math

import numpy as np

from lp_core.images.geometry import LogPolarGeometry
from lp_core.images.map_matrix import map_matrix


def photograph_gradient(gradient_NSRC: np.ndarray, log_polar: LogPolarGeometry) -> np.ndarray:
    """Return the gradient by the photograph's pixels of something whose gradient by the log-polar image is known.

    The map is linear, x -> J x; the chain rule carries a gradient g to J^T g.

    Args:
        gradient_NSRC: by the cells of the log-polar image.
        log_polar: the map from the crop, resized to the network's input.

    Returns:
        float64 [N, H, W, C].

    Raises:
        ValueError: the gradient does not have the map's sectors and rings.
    """
    wanted = (log_polar.sectors, log_polar.rings)
    if gradient_NSRC.shape[1:3] != wanted:
        raise ValueError(
            f"the gradient has shape {gradient_NSRC.shape}; this map is for [N, {wanted[0]}, {wanted[1]}, C]"
        )
    images, colours = len(gradient_NSRC), gradient_NSRC.shape[3]
    gradient = np.moveaxis(gradient_NSRC.astype(np.float64), 0, 2).reshape(wanted[0] * wanted[1], images * colours)
    moved = map_matrix(log_polar).T @ gradient
    return np.moveaxis(moved.reshape(*log_polar.size, images, colours), 2, 0)


def ring_energy(gradient_NSRC: np.ndarray, edge_E: np.ndarray) -> np.ndarray:
    """Return Q: the sum of squares of each gradient in each bin of rings, float64 [N, B] (cortex).

    Args:
        gradient_NSRC: by the cells.
        edge_E: int, first ring of each bin and the number of rings (`rings.bin_edges`).
    """
    energy_NR = (gradient_NSRC.astype(np.float64) ** 2).sum((1, 3))
    return np.add.reduceat(energy_NR, edge_E[:-1], axis=1)


def annulus_energy(gradient_NHWC: np.ndarray, radius_E: np.ndarray, fixation_yx: tuple[float, float]) -> np.ndarray:
    """Return the sum of squares of each gradient by the distance of its pixels from the fixation, float64 [N, B].

    Args:
        gradient_NHWC: from `photograph_gradient`.
        radius_E: px, ascending, bounds of the bins (`rings.edge_radii`); pixels beyond the last are left out.
        fixation_yx: (0, 0) is the centre of the top left pixel.
    """
    energy_NHW = (gradient_NHWC.astype(np.float64) ** 2).sum(3)
    y_H1, x_W = (
        (np.arange(energy_NHW.shape[1]) - fixation_yx[0])[:, None],
        np.arange(energy_NHW.shape[2]) - fixation_yx[1],
    )
    bin_HW = np.searchsorted(radius_E, np.hypot(y_H1, x_W), "right") - 1
    energy_NB = np.zeros((len(energy_NHW), len(radius_E) - 1))
    for index in range(len(radius_E) - 1):
        energy_NB[:, index] = energy_NHW[:, bin_HW == index].sum(1)
    return energy_NB


def energy_centroid(gradient_NHWC: np.ndarray, fixation_yx: tuple[float, float]) -> np.ndarray:
    """Return the centre of each gradient's energy as (eccentricity in px, angle in radians), float64 [N, 2].

    The angle is clockwise on the screen from the right, -pi to pi. NaN for a gradient that is zero everywhere.
    """
    energy_NHW = (gradient_NHWC.astype(np.float64) ** 2).sum(3)
    total_N = energy_NHW.sum((1, 2))
    y, x = (
        np.divide(moment, total_N, out=np.full(len(total_N), math.nan), where=total_N > 0)
        for moment in (
            energy_NHW.sum(2) @ (np.arange(energy_NHW.shape[1]) - fixation_yx[0]),
            energy_NHW.sum(1) @ (np.arange(energy_NHW.shape[2]) - fixation_yx[1]),
        )
    )
    return np.stack([np.hypot(y, x), np.arctan2(y, x)], 1)


def energy_within(gradient_NHWC: np.ndarray, radius: float, fixation_yx: tuple[float, float]) -> np.ndarray:
    """Return the share of each gradient's energy in pixels nearer to the fixation than a radius, float64 [N], 0 to 1.

    NaN for a gradient that is zero everywhere.
    """
    within_N = annulus_energy(gradient_NHWC, np.array([0.0, radius]), fixation_yx)[:, 0]
    total_N = (gradient_NHWC.astype(np.float64) ** 2).sum((1, 2, 3))
    return np.divide(within_N, total_N, out=np.full(len(total_N), math.nan), where=total_N > 0)
