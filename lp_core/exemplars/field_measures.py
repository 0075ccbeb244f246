"""Where in the photograph a unit's gradient has its energy, and how much contrast the unit looks at.

The photograph here is the crop resized to the network's input. Shapes: S R rows and columns of the network input
(sectors and rings), h w those of the box, H W px of the photograph.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lp_core.exemplars.crop import inside, paste
from lp_core.images.geometry import LogPolarGeometry
from lp_core.measures.gradient_energy import energy_centroid, energy_within, photograph_gradient
from lp_core.measures.lesion import cell_area
from lp_core.network.receptive_field import Box

LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue. Source: ITU-R BT.601."""


class FieldMeasures(NamedTuple):
    """Numbers about one exemplar; NaN where there is no gradient, or where all of the field is padding and fill.

    Attributes:
        energy_eccentricity_px: distance from the fixation to the centre of the gradient's energy, in px.
        energy_angle: its direction in radians, clockwise on the screen from the right, -pi to pi.
        energy_within_fovea: share of the energy within `rings.fovea_radius`, 0 to 1.
        patch_contrast: standard deviation of the luminance (0 to 1) over the part of the photograph in the field.
        gradient_norm: length of the gradient by the normalised input, over all px of the field; pictures hide it.
    """

    energy_eccentricity_px: float
    energy_angle: float
    energy_within_fovea: float
    patch_contrast: float
    gradient_norm: float


def one_turn(box: Box, rows: int) -> tuple[Box, slice]:
    """Return a receptive field on a circle of rows, cut to one turn about its middle, and which of its rows are left.

    One that goes around less than once stays as it is.
    """
    if box.bottom - box.top <= rows:
        return box, slice(None)
    hidden = (box.bottom - box.top - rows) // 2
    return box._replace(top=box.top + hidden, bottom=box.top + hidden + rows), slice(hidden, hidden + rows)


def energy_point(
    gradient_3hw: np.ndarray, box: Box, size: tuple[int, int], log_polar: LogPolarGeometry | None, *, wraps: bool
) -> tuple[float, float]:
    """Return the centre (y, x) of the gradient's energy in px of the photograph; NaN where there is no gradient.

    Args:
        gradient_3hw, box, log_polar, wraps: as for `field_measures`.
        size: rows and columns of the network input.
    """
    gradient_1HWC, fixation_yx = _on_photograph(gradient_3hw, box, size, log_polar, wraps=wraps)
    [[eccentricity, angle]] = energy_centroid(gradient_1HWC, fixation_yx).tolist()
    y, x = log_polar.centre_yx if log_polar else ((size[0] - 1) / 2, (size[1] - 1) / 2)
    return y + eccentricity * math.sin(angle), x + eccentricity * math.cos(angle)


def field_measures(
    gradient_3hw: np.ndarray,
    image_SRC: np.ndarray,
    box: Box,
    log_polar: LogPolarGeometry | None,
    fovea: float,
    *,
    wraps: bool,
) -> FieldMeasures:
    """Return the measures of one exemplar.

    The gradient by a log-polar image is carried to the photograph by the transpose of the map. So the numbers of both
    views are about px of the same photograph.

    Args:
        gradient_3hw: of the unit by the normalised input, within the box.
        image_SRC: uint8, the network input.
        box: the receptive field, at most once around a circle of rows.
        log_polar: the map of a log-polar input; None for an ordinary one.
        fovea: radius in px of the photograph, the same for both views (`rings.fovea_radius`).
        wraps: rows beyond the last are the first ones again, as only those of a log-polar input can be.
    """
    size = image_SRC.shape[:2]
    gradient_1HWC, fixation_yx = _on_photograph(gradient_3hw, box, size, log_polar, wraps=wraps)
    [[eccentricity, angle]] = energy_centroid(gradient_1HWC, fixation_yx).tolist()
    [within] = energy_within(gradient_1HWC, fovea, fixation_yx).tolist()
    norm = float(np.linalg.norm(np.asarray(gradient_3hw, np.float64)))
    return FieldMeasures(eccentricity, angle, within, _contrast(image_SRC, box, log_polar, wraps), norm)


def _on_photograph(
    gradient_3hw: np.ndarray, box: Box, size: tuple[int, int], log_polar: LogPolarGeometry | None, *, wraps: bool
) -> tuple[np.ndarray, tuple[float, float]]:
    """The gradient by a part of the photograph, [1, H, W, C], and the fixation from the part's first px."""
    gradient_hwC = np.moveaxis(gradient_3hw, 0, 2)
    if log_polar is None:
        top, left = max(box.top, 0), max(box.left, 0)
        shown = slice(top - box.top, size[0] - box.top), slice(left - box.left, size[1] - box.left)
        return gradient_hwC[shown][None], ((size[0] - 1) / 2 - top, (size[1] - 1) / 2 - left)
    pasted_SRC = paste(gradient_hwC, box, size, wraps=wraps)
    return photograph_gradient(pasted_SRC[None], log_polar), log_polar.centre_yx


def _contrast(image_SRC: np.ndarray, box: Box, log_polar: LogPolarGeometry | None, wraps: bool) -> float:
    """Root-mean-square contrast. Source: Peli 1990; cells count by the px of the photograph that they stand for."""
    row_P, column_P = np.nonzero(inside(box, image_SRC.shape[:2], wraps=wraps))
    row_P, column_P = (row_P + box.top) % len(image_SRC), column_P + box.left
    luminance_P = image_SRC[row_P, column_P] @ np.array(LUMINANCE) / 255
    weight_P = np.ones(len(row_P)) if log_polar is None else _areas(log_polar)[row_P, column_P]
    if not weight_P.sum() > 0:
        return float("nan")
    mean = np.average(luminance_P, weights=weight_P)
    return float(np.sqrt(np.average((luminance_P - mean) ** 2, weights=weight_P)))


@lru_cache(maxsize=4)
def _areas(log_polar: LogPolarGeometry) -> np.ndarray:
    """Return float64 [S, R]: px of the photograph that each cell stands for."""
    return cell_area(log_polar.radius_of(np.arange(log_polar.rings + 1) - 0.5), ~log_polar.looks_outside())
