"""Where the activation of a channel is centred, by distance from the fixation and by angle; how far that moves.

Shapes: C channels of one layer, B ring bins, S sectors.
"""

from __future__ import annotations

import numpy as np

from lp_core.measures.firing import shares


def centre_radius(square_CB: np.ndarray, radius_E: np.ndarray) -> np.ndarray:
    """Return the mean radius of each channel's energy in px, float64 [C]; NaN for dead channels.

    Args:
        square_CB: sum of the squared activation in each ring bin.
        radius_E: float, px at which each bin starts and the last ends; all of a bin counts as lying in its middle.
    """
    return shares(square_CB) @ ((radius_E[:-1] + radius_E[1:]) / 2)


def centre_angle(sector_CS: np.ndarray, cells_S: np.ndarray) -> np.ndarray:
    """Return the circular centroid of each channel's activation, complex128 [C]; NaN for dead channels.

    Its length is 0 (no direction) to 1 (one sector), its angle that of the direction, clockwise on the screen from the
    right.

    Args:
        sector_CS: sum of the activation in each sector; sector k has its middle at k/S of a turn.
        cells_S: units in each sector; sectors of the ordinary view have different numbers.
    """
    mean_CS = np.divide(sector_CS, cells_S, out=np.zeros(np.shape(sector_CS)), where=np.asarray(cells_S) > 0)
    return shares(mean_CS) @ np.exp(2j * np.pi * np.arange(len(cells_S)) / len(cells_S))


def mean_drift(centre_C: np.ndarray, last_C: np.ndarray) -> float:
    """Return the distance between the centres of two checkpoints, averaged over channels that are alive in both.

    Args:
        centre_C, last_C: radii in px, or complex centroids, whose distance is 0 to 2 and needs no direction of channels
            that have none.

    Returns:
        In the unit of the centres; NaN where no channel is alive in both.
    """
    distance_C = np.abs(centre_C - last_C)
    known_C = ~np.isnan(distance_C)
    return float(distance_C[known_C].mean()) if known_C.any() else np.nan
