"""What a scan counts over all images, counted again the slow way: by plain NumPy in float64, image by image.

Shares no code with the accumulators of the scan. Shapes: N images, C channels of a layer, P units of its map, B bins,
S sectors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lp_core.exemplars.ring_activity import LayerActivity
from lp_core.images.network_input import log_polar_map
from lp_core.network.layers import Architecture
from lp_core.network.receptive_field import receptive_field
from lp_core.settings import ViewName, ViewSettings

OCTAVES = 2.0 ** np.arange(-16, 16)
EDGES = np.append(np.outer(OCTAVES, 1 + np.arange(8) / 8).ravel(), 2.0**16)
"""Of the bins of a peak's activation: an eighth of an octave each, from 2^-16 to 2^16."""
PARTS = 32
"""Parts of an input row that sectors are cut into; their edges lie between two parts."""


@dataclass
class LayerCounts:
    """Counts of one layer; each name is what the files of a scan call it."""

    images: int
    steps_C: np.ndarray
    """Sum of the peaks in steps of 2^-24, each rounded by itself."""
    bin_CB: np.ndarray
    place_CSR: np.ndarray
    sums: dict[str, np.ndarray]
    """`sum_CB`, `square_CB`, `active_CB`, `above_CB` and `sector_CS`, float64."""
    sampled: list[np.ndarray] = field(default_factory=list)


@dataclass
class Recount:
    """Counts again what a scan counted; grows by `add`.

    Args:
        view: whose network.
        geometry: of the network input.
        recorded: activation by ring; its edges and thresholds are used here.
        sample: row numbers of the first look.
        architecture: layers of the network.
    """

    view: ViewName
    geometry: ViewSettings
    recorded: Mapping[str, LayerActivity]
    sample: frozenset[int]
    architecture: Architecture
    layers: dict[str, LayerCounts] = field(default_factory=dict)

    def add(self, rows: Sequence[int], layer: str, a_NCSR: np.ndarray) -> np.ndarray:
        """Count some images' maps of a layer, after ReLU; return their peaks, float32 [N, C]."""
        images, channels, map_rows, map_cols = a_NCSR.shape
        recorded = self.recorded[layer]
        if layer not in self.layers:
            sums = {name: np.zeros(getattr(recorded, name).shape) for name in ("sum_CB", "square_CB")}
            sums |= {name: np.zeros(getattr(recorded, name).shape) for name in ("active_CB", "above_CB", "sector_CS")}
            self.layers[layer] = LayerCounts(
                0,
                np.zeros(channels, np.int64),
                np.zeros((channels, len(EDGES)), np.int64),
                np.zeros((channels, map_rows, map_cols), np.int64),
                sums,
            )
            self._members[layer] = self._membership(layer, map_rows, map_cols)
        counts = self.layers[layer]
        bin_PB, sector_PS = self._members[layer]
        count_PB, threshold_C1 = bin_PB.astype(np.float32), recorded.threshold_C.astype(np.float32)[:, None]
        peak_NC = np.zeros((images, channels), np.float32)
        for image, row in enumerate(rows):
            a_CP = a_NCSR[image].reshape(channels, -1)
            first_C = a_CP.argmax(1)
            peak_C = peak_NC[image] = a_CP[np.arange(channels), first_C]
            counts.steps_C += np.rint(peak_C.astype(np.float64) * 2.0**24).astype(np.int64)
            bin_C = np.clip(np.searchsorted(EDGES, peak_C, side="right"), 1, len(EDGES) - 1)
            np.add.at(counts.bin_CB, (np.arange(channels), np.where(peak_C > 0, bin_C, 0)), 1)
            alive = np.flatnonzero(peak_C > 0)
            np.add.at(counts.place_CSR, (alive, *np.divmod(first_C[alive], map_cols)), 1)
            wide_CP = a_CP.astype(np.float64)
            counts.sums["sum_CB"] += wide_CP @ bin_PB
            counts.sums["sector_CS"] += wide_CP @ sector_PS
            counts.sums["square_CB"] += np.square(wide_CP, out=wide_CP) @ bin_PB
            # Counts of up to 2^24 units are exact in float32.
            counts.sums["active_CB"] += (a_CP > 0).astype(np.float32) @ count_PB
            counts.sums["above_CB"] += (a_CP > threshold_C1).astype(np.float32) @ count_PB
            if int(row) in self.sample:
                row_step, col_step = -(-map_rows // 14), -(-map_cols // 14)
                middles_CSR = a_NCSR[image, :, row_step // 2 :: row_step, col_step // 2 :: col_step]
                counts.sampled.append(middles_CSR.reshape(channels, -1).copy())
        counts.images += images
        return peak_NC

    def __post_init__(self) -> None:
        self._members: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def _membership(self, layer: str, rows: int, cols: int) -> tuple[np.ndarray, np.ndarray]:
        """Which bin each unit is in, float64 [P, B], and how much of it in each sector, float64 [P, S]."""
        stride = receptive_field(layer, self.architecture).stride
        height, width = self.geometry.shape(self.view)
        row_P, col_P = np.divmod(np.arange(rows * cols), cols)
        edge_E = self.recorded[layer].radius_E
        sectors = self.recorded[layer].sector_CS.shape[1]
        sector_PS = np.zeros((len(row_P), sectors))
        if self.view == "log_polar":
            radius_P = log_polar_map(self.geometry).radius_of(stride * (col_P + 0.5) - 0.5)
            turned = self.geometry.seam_degrees / 360 * height
            for part in range(stride * PARTS):
                at_P = turned + stride * row_P - 0.5 + (part + 0.5) / PARTS
                sector_P = np.floor(at_P * sectors / height + 0.5).astype(int) % sectors
                sector_PS[np.arange(len(row_P)), sector_P] += 1 / (stride * PARTS)
        else:
            y_P, x_P = stride * (row_P + 0.5) - height / 2, stride * (col_P + 0.5) - width / 2
            radius_P = np.hypot(y_P, x_P)
            sector_P = np.floor(np.degrees(np.arctan2(y_P, x_P)) / (360 / sectors) + 0.5).astype(int) % sectors
            sector_PS[np.arange(len(row_P)), sector_P] = 1
            sector_PS[radius_P == 0] = 1 / sectors
        bin_P = np.searchsorted(edge_E, radius_P, side="right") - 1
        return (bin_P[:, None] == np.arange(len(edge_E) - 1)).astype(np.float64), sector_PS
