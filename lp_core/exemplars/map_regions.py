"""Which ring bin and which sector of the angle each unit of a layer's map lies in, in either view.

Shapes: P units of a map, row by row; B bins, E = B + 1 edges; S sectors; G regions, which are groups of units that
share their bin and their sectors.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from lp_core.images.network_input import log_polar_map
from lp_core.measures.rings import BINS, bin_edges, edge_radii
from lp_core.network.layers import VGG_16, Architecture
from lp_core.network.receptive_field import map_shape, receptive_field
from lp_core.settings import ViewName, ViewSettings

SECTORS = 16
"""Sectors of the angle; sector k has its middle at k/16 of a turn, clockwise on the screen from the right. Source: our
choice; enough for the harmonics 1, 2 and 4 of `lp_core.measures.firing`."""


@dataclass(frozen=True, eq=False)
class MapRegions:
    """Where the units of a layer's map lie.

    Attributes:
        radius_E: float64, px of the crop resized to the network's input, at which each bin starts and the last ends.
        region_P: int64, the region of each unit.
        bin_G: int64, the bin of each region.
        sector_GS: float64, how each region's activation is shared among the sectors; rows add up to 1.
    """

    radius_E: np.ndarray
    region_P: np.ndarray
    bin_G: np.ndarray
    sector_GS: np.ndarray

    @property
    def cells_B(self) -> np.ndarray:
        """Int64, units in each bin."""
        return np.bincount(self.bin_G[self.region_P], minlength=len(self.radius_E) - 1)

    @property
    def cells_S(self) -> np.ndarray:
        """Float64, units in each sector; parts of units where a sector's edge runs through them."""
        return np.bincount(self.region_P, minlength=len(self.bin_G)) @ self.sector_GS


@functools.lru_cache(maxsize=64)
def map_regions(view: ViewName, geometry: ViewSettings, layer: str, architecture: Architecture = VGG_16) -> MapRegions:
    """Return where the units of a layer's map lie.

    Log-polar bins are neighbouring columns (`rings.bin_edges`), cartesian ones annuli of equal width around the middle,
    at least one unit wide, up to the corner. A log-polar unit belongs to the sectors that its rows overlap, a cartesian
    one to that of its centre; a unit in the very middle belongs to all of them evenly.
    """
    rows, cols = map_shape(layer, geometry.shape(view), architecture)
    stride = receptive_field(layer, architecture).stride
    if view == "log_polar":
        edge_E = bin_edges(cols)
        radius_E = edge_radii(edge_E, stride, log_polar_map(geometry).radius_of)
        bin_P = np.tile(np.searchsorted(edge_E, np.arange(cols), side="right") - 1, rows)
        sector_PS = np.repeat(_overlap(rows, stride, geometry.shape(view)[0], geometry.seam_degrees), cols, axis=0)
    else:
        y, x = (stride * (np.indices((rows, cols)) + 0.5) - geometry.size / 2).reshape(2, -1)
        corner = geometry.size / np.sqrt(2)
        radius_E = np.linspace(0, corner, max(1, min(BINS, int(corner // stride))) + 1)
        bin_P = np.searchsorted(radius_E, np.hypot(y, x), side="right") - 1
        sector_PS = np.eye(SECTORS)[np.floor(np.arctan2(y, x) / (2 * np.pi) * SECTORS + 0.5).astype(int) % SECTORS]
        sector_PS[(y == 0) & (x == 0)] = 1 / SECTORS
    unique, region_P = np.unique(np.column_stack([bin_P, sector_PS]), axis=0, return_inverse=True)
    return MapRegions(radius_E, region_P.ravel(), unique[:, 0].astype(np.int64), unique[:, 1:])


def _overlap(rows: int, stride: int, sectors: int, seam_degrees: float) -> np.ndarray:
    """Share of each row of a map in each sector, float64 [rows, S]; row j stands for `stride` rows of the input.

    In whole numbers, of which a turn has 2 S times the sectors of the input: equal shares are equal to the bit. The
    seam is rounded to them.
    """
    turn, width = 2 * sectors * SECTORS, 2 * sectors
    start = (2 * stride * np.arange(rows) - 1)[:, None] * SECTORS + round(seam_degrees / 360 * turn)
    stop = start + 2 * stride * SECTORS
    middle = width * np.arange(SECTORS)
    share = np.zeros((rows, SECTORS))
    for around in (0, turn, 2 * turn):
        low, high = middle - width // 2 + around, middle + width // 2 + around
        share += np.maximum(np.minimum(stop, high) - np.maximum(start, low), 0)
    return share / (2 * stride * SECTORS)
