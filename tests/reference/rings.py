"""Activation by ring bin and by sector, unit by unit, straight from what a bin and a sector are."""

import math
from collections import defaultdict
from fractions import Fraction

import numpy as np

from lp_core.images.network_input import log_polar_map
from lp_core.network.receptive_field import map_shape, receptive_field
from lp_core.settings import ViewName, ViewSettings

MOST_BINS, SECTORS = 28, 16


def bin_and_sectors(
    view: ViewName, geometry: ViewSettings, layer: str, row: int, col: int
) -> tuple[int, dict[int, Fraction]]:
    """The bin of a unit, and its share in each sector."""
    size, stride = geometry.size, receptive_field(layer).stride
    _, cols = map_shape(layer, (size, size))
    if view == "log_polar":
        per_bin = math.ceil(cols / MOST_BINS)
        shares: dict[int, Fraction] = defaultdict(Fraction)
        parts = 2 * SECTORS  # of an input row: sectors begin and end between two of them
        for part in range(parts * stride):
            # The input row p is looked at from p - 1/2 to p + 1/2; the middle of this part, in rows.
            at = stride * row - Fraction(1, 2) + Fraction(2 * part + 1, 2 * parts)
            shares[math.floor(at * SECTORS / size + Fraction(1, 2)) % SECTORS] += Fraction(1, parts * stride)
        return col // per_bin, dict(shares)
    y, x = stride * (row + 0.5) - size / 2, stride * (col + 0.5) - size / 2
    corner = size / 2 * math.sqrt(2)
    bins = max(1, min(MOST_BINS, math.floor(corner / stride)))
    where = math.floor(math.hypot(y, x) / corner * bins)
    if x == y == 0:
        return where, {sector: Fraction(1, SECTORS) for sector in range(SECTORS)}
    return where, {math.floor(math.degrees(math.atan2(y, x)) / (360 / SECTORS) + 0.5) % SECTORS: Fraction(1)}


def edges(view: ViewName, geometry: ViewSettings, layer: str) -> list[float]:
    """Radius in px at which bins start, and the last one ends."""
    size, stride = geometry.size, receptive_field(layer).stride
    _, cols = map_shape(layer, (size, size))
    if view == "cartesian":
        corner = size / 2 * math.sqrt(2)
        bins = max(1, min(MOST_BINS, math.floor(corner / stride)))
        return [corner * number / bins for number in range(bins + 1)]
    per_bin = math.ceil(cols / MOST_BINS)
    firsts = [*range(0, cols, per_bin), cols]
    return [max(0.0, float(log_polar_map(geometry).radius_of(stride * first - 0.5))) for first in firsts]


def ring_totals(
    view: ViewName, geometry: ViewSettings, layer: str, a_NCSR: np.ndarray, threshold_C: np.ndarray
) -> dict[str, np.ndarray]:
    """Sums over images and units, float64 [C, bins] and [C, sectors], and the units per bin."""
    images, channels, rows, cols = a_NCSR.shape
    bins = len(edges(view, geometry, layer)) - 1
    names = ("sum", "square", "active", "above")
    totals = {name: np.zeros((channels, bins)) for name in names} | {"sector": np.zeros((channels, SECTORS))}
    cells = np.zeros(bins, int)
    for row in range(rows):
        for col in range(cols):
            where, shares = bin_and_sectors(view, geometry, layer, row, col)
            cells[where] += 1
            for image in range(images):
                a_C = a_NCSR[image, :, row, col].astype(np.float64)
                totals["sum"][:, where] += a_C
                totals["square"][:, where] += a_C * a_C
                totals["active"][:, where] += a_C > 0
                totals["above"][:, where] += a_C > threshold_C
                for sector, share in shares.items():
                    totals["sector"][:, sector] += float(share) * a_C
    return totals | {"cells": cells}
