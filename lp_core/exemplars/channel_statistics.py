"""What every channel does over all images, not only over its nine: how often, how strongly and where it responds.

Counts and whole-number sums only, so that any order and any division of the images gives the same bytes.

Shapes: C channels of all layers one after the other, N images, B bins of activation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lp_core.exemplars.peaks import Peaks
from lp_core.network.layers import VGG_16, Architecture
from lp_core.network.receptive_field import map_shape

if TYPE_CHECKING:
    import pyarrow as pa

BINS = 257
"""Bin 0 counts images that do not activate a channel; the others hold an eighth of an octave each, from 2^-16 to 2^16,
the first and last also what lies beyond. Source: our choice; half a bin is 6 %."""
FINEST_MAP = 28
"""Most rows, and most columns, of a histogram of places; larger maps are binned. 28 keeps conv4_1 and deeper of a
224 px network at full resolution. Source: our choice."""
UNIT = 2.0**24
"""Steps of the sum per unit of activation. Source: our choice; a float32 has 24 significant bits."""
_ONE = np.int32(1)  # of the counters' own type: `np.add.at` is ten times slower otherwise
LOWEST_BITS = np.float32(2.0**-16).view(np.int32) >> 20


@dataclass
class ChannelStatistics:
    """Statistics of peaks, one per image and channel; grows by `push`, and pieces are joined by `merge`.

    Attributes:
        layer_channels: number of channels by layer, in order.
        map_shapes: rows and columns of each layer's map, in the same order.
        row_N: int64, ascending, the images counted.
        sum_C: int64, sum of the peaks in units of 2^-24, exact up to a sum of 5e11.
        bin_CB: int32, images by activation of their peak, in bins of an eighth of an octave.
        place_counts: int32, images by place of their peak; [channels, rows, cols] of all layers in order, flat.
    """

    layer_channels: dict[str, int]
    map_shapes: tuple[tuple[int, int], ...]
    row_N: np.ndarray
    sum_C: np.ndarray
    bin_CB: np.ndarray
    place_counts: np.ndarray

    @classmethod
    def empty(
        cls, layer_channels: Mapping[str, int], shape_SR: tuple[int, int], architecture: Architecture = VGG_16
    ) -> ChannelStatistics:
        """Return the statistics of no images, with a network input of S rows and R columns."""
        channels = sum(layer_channels.values())
        map_shapes = tuple(map_shape(layer, shape_SR, architecture) for layer in layer_channels)
        grids = [
            (count, *place_grid(shape)[1]) for count, shape in zip(layer_channels.values(), map_shapes, strict=True)
        ]
        return cls(
            dict(layer_channels),
            map_shapes,
            np.zeros(0, np.int64),
            np.zeros(channels, np.int64),
            np.zeros((channels, BINS), np.int32),
            np.zeros(sum(count * rows * cols for count, rows, cols in grids), np.int32),
        )

    def push(self, peaks: Peaks, rows: Sequence[int]) -> None:
        """Count these images too.

        Raises:
            ValueError: an image was counted before.
        """
        self.row_N = disjoint(self.row_N, np.asarray(rows, np.int64))
        value_NC = peaks.value_NC.cpu().numpy()
        self.sum_C += np.rint(value_NC.astype(np.float64) * UNIT).astype(np.int64).sum(0)
        channel_C = np.arange(value_NC.shape[1])
        np.add.at(self.bin_CB.reshape(-1), (channel_C * BINS + _bins(value_NC)).ravel(), _ONE)
        np.add.at(self.place_counts, self._place_indices(peaks.position_NC2.cpu().numpy()), _ONE)

    def places(self, layer: str) -> np.ndarray:
        """Return int32 [channels, rows, cols]: images by where their peak lies; each bin covers whole units."""
        start = 0
        for (name, count), shape in zip(self.layer_channels.items(), self.map_shapes, strict=True):
            _, (rows, cols) = place_grid(shape)
            if name == layer:
                return self.place_counts[start : start + count * rows * cols].reshape(count, rows, cols)
            start += count * rows * cols
        raise KeyError(f"no layer '{layer}' was counted; there are {', '.join(self.layer_channels)}")

    def active_share(self) -> np.ndarray:
        """Return float64 [C]: share of the images that activate each channel."""
        return 1 - self.bin_CB[:, 0] / max(len(self.row_N), 1)

    def mean(self) -> np.ndarray:
        """Return float64 [C]: mean peak over all images, those with none counted as 0."""
        return self.sum_C / UNIT / max(len(self.row_N), 1)

    def quantile(self, q: float) -> np.ndarray:
        """Return float64 [C]: the peak that a share q of the images does not exceed, to 6 % (half a bin)."""
        upto_CB = self.bin_CB.cumsum(1)
        bin_C = (upto_CB >= max(np.ceil(q * len(self.row_N)), 1)).argmax(1)
        middle = (LOWEST_BITS + np.arange(-1, BINS - 1) << 20 | 1 << 19).astype(np.int32).view(np.float32)
        return np.where(bin_C > 0, middle[bin_C], 0).astype(np.float64)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return plain arrays by name, for `np.savez_compressed`; equal statistics give equal bytes."""
        return {
            "layers": np.array(list(self.layer_channels)),
            "channels": np.array(list(self.layer_channels.values()), np.int64),
            "map_shapes": np.array(self.map_shapes, np.int64),
            "row_N": self.row_N,
            "sum_C": self.sum_C,
            "bin_CB": self.bin_CB,
            "place": self.place_counts,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> ChannelStatistics:
        """Return what `to_arrays` came from."""
        layer_channels = dict(zip(arrays["layers"].tolist(), arrays["channels"].tolist(), strict=True))
        map_shapes = tuple((rows, cols) for rows, cols in arrays["map_shapes"].tolist())
        return cls(layer_channels, map_shapes, *(arrays[name] for name in ("row_N", "sum_C", "bin_CB", "place")))

    def _place_indices(self, position_NC2: np.ndarray) -> np.ndarray:
        """Indices into `place_counts` of the peaks that have a position."""
        index = []
        first_channel = first_place = 0
        for count, shape in zip(self.layer_channels.values(), self.map_shapes, strict=True):
            (row_step, col_step), (rows, cols) = place_grid(shape)
            row_NC, col_NC = np.moveaxis(position_NC2[:, first_channel : first_channel + count], 2, 0)
            place_NC = np.arange(count) * (rows * cols) + row_NC // row_step * cols + col_NC // col_step + first_place
            index.append(place_NC[row_NC >= 0])
            first_channel, first_place = first_channel + count, first_place + count * rows * cols
        return np.concatenate(index)


def merge_statistics(a: ChannelStatistics, b: ChannelStatistics) -> ChannelStatistics:
    """Return the statistics of the images of both: associative and commutative, down to the bytes.

    Raises:
        ValueError: an image was counted in both, or the networks or inputs differ in shape.
    """
    if (a.layer_channels, a.map_shapes) != (b.layer_channels, b.map_shapes):
        raise ValueError("statistics of networks or inputs of different shapes cannot be joined")
    row_N = disjoint(a.row_N, b.row_N)
    return ChannelStatistics(
        a.layer_channels, a.map_shapes, row_N, a.sum_C + b.sum_C, a.bin_CB + b.bin_CB, a.place_counts + b.place_counts
    )


def statistics_table(statistics: ChannelStatistics) -> pa.Table:
    """Return one row per channel: layer, channel, images, dead, active_share, mean, median, q90, q99."""
    import pyarrow as pa  # here, because a scan itself needs none

    counts = statistics.layer_channels
    columns = {
        "layer": np.repeat(list(counts), list(counts.values())),
        "channel": np.concatenate([np.arange(count, dtype=np.int32) for count in counts.values()]),
        "images": np.full(len(statistics.sum_C), len(statistics.row_N)),
        "dead": statistics.bin_CB[:, 0] == len(statistics.row_N),
        "active_share": statistics.active_share(),
        "mean": statistics.mean(),
    }
    columns |= {name: statistics.quantile(q) for name, q in (("median", 0.5), ("q90", 0.9), ("q99", 0.99))}
    return pa.table(columns)


def _bins(value: np.ndarray) -> np.ndarray:
    """Bin of each value: 0 for 0, else by the leading bits of the float, which are its octave and eighth of octave."""
    bits = value.astype(np.float32).view(np.int32) >> 20
    return np.where(value > 0, np.clip(bits - LOWEST_BITS + 1, 1, BINS - 1), 0)


def place_grid(map_SR: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return units per bin, and bins, along rows and columns of a map, of a histogram of places."""
    rows, cols = map_SR
    row_step, col_step = -(-rows // FINEST_MAP), -(-cols // FINEST_MAP)
    return (row_step, col_step), (-(-rows // row_step), -(-cols // col_step))


def disjoint(a_N: np.ndarray, b_N: np.ndarray) -> np.ndarray:
    """Return the rows of both, ascending.

    Raises:
        ValueError: a row is in both.
    """
    together, count = np.unique(np.concatenate([a_N, b_N]), return_counts=True)
    if (count > 1).any():
        raise ValueError(f"row {together[count > 1][0]} would be counted twice")
    return together
