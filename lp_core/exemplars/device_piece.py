"""What a scan finds in a piece, kept on the device until the piece is done: equal to the NumPy path, byte for byte.

Every number that is added up is a whole one, so the order in which a GPU adds does not matter. Nothing here waits for
the device but `result`.

Shapes: N images, C channels of all layers one after the other, K places (nine), L layers, B bins, S sectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from lp_core.exemplars import KEEP
from lp_core.exemplars.channel_statistics import (
    BINS,
    LOWEST_BITS,
    UNIT,
    ChannelStatistics,
    disjoint,
    place_grid,
)
from lp_core.exemplars.peaks import Peaks, fault_codes, fault_of
from lp_core.exemplars.ring_activity import SQUARE_UNIT, SUM_UNIT, RingActivity, check_room
from lp_core.exemplars.ring_sums import LayerTensors
from lp_core.exemplars.scan_result import LARGEST_HALF, ScanResult
from lp_core.exemplars.top_k import EMPTY, TopK

_RING_UNITS = (SUM_UNIT, SQUARE_UNIT, 1.0, 1.0, SUM_UNIT)


class DevicePiece:
    """Grows by `push` and `push_rings`, and becomes a `ScanResult`.

    Args:
        empty: result of no images; `ScanResult.empty`.
        device: where the peaks are.
        maxima: keep the largest activation of every image, too.
    """

    def __init__(self, empty: ScanResult, device: torch.device, *, maxima: bool = False) -> None:
        self._empty, self._device, self._keeps_maxima = empty, device, maxima
        statistics = empty.statistics
        self._layer_channels = statistics.layer_channels
        channels = len(statistics.sum_C)
        self._value_CK = torch.zeros(channels, KEEP, device=device)
        self._row_CK = torch.full((channels, KEEP), EMPTY, device=device)
        self._position_CK2 = torch.full((channels, KEEP, 2), EMPTY, dtype=torch.int32, device=device)
        self._sum_C = torch.zeros(channels, dtype=torch.int64, device=device)
        self._bins = torch.zeros(channels * BINS, dtype=torch.int32, device=device)
        # One more place, for peaks that have none: choosing the others would take their number.
        self._places = torch.zeros(len(statistics.place_counts) + 1, dtype=torch.int32, device=device)
        self._grid_4C = _grids(statistics).to(device)
        self._channel_C = torch.arange(channels, device=device)
        self._rings = [torch.from_numpy(array).to(device) for array in empty.rings.totals()]
        self._largest = torch.zeros((), dtype=torch.float64, device=device)
        self._rows: list[list[int]] = []
        self._codes_NL: list[Tensor] = []
        self._maxima_NC: list[Tensor] = []

    def push(self, peaks: Peaks, rows: Sequence[int]) -> None:
        """Count the peaks of these images, which need not be checked.

        Args:
            peaks: from `find_peaks`.
            rows: row number of each image, none of them pushed before.
        """
        self._rows.append(list(rows))
        value_NC = peaks.value_NC
        self._codes_NL.append(fault_codes(value_NC, self._layer_channels.values()))
        if self._keeps_maxima:
            self._maxima_NC.append(value_NC.clamp(max=LARGEST_HALF).half())
        row_N = torch.tensor(list(rows), dtype=torch.int64)
        row_N = row_N.pin_memory().to(self._device, non_blocking=True) if value_NC.is_cuda else row_N
        self._keep_best(value_NC, row_N, peaks.position_NC2)
        self._sum_C += (value_NC.double() * UNIT).round().long().sum(0)
        bin_NC = ((value_NC.view(torch.int32) >> 20) - int(LOWEST_BITS) + 1).clamp(1, BINS - 1)
        bin_NC = bin_NC.masked_fill(value_NC <= 0, 0)
        self._count(self._bins, self._channel_C * BINS + bin_NC)
        self._count(self._places, self._place_NC(peaks.position_NC2))

    def push_rings(self, first: int, sums: LayerTensors) -> None:
        """Add some images' sums of one layer, each image rounded by itself; `first`: the layer's first channel."""
        for total_CB, values_NBC, unit in zip(self._rings, sums, _RING_UNITS, strict=True):
            whole_NBC = (values_NBC * unit).round()
            bins, channels = whole_NBC.shape[1:]
            part_CB = total_CB[first : first + channels, :bins]
            added_BC = whole_NBC.sum(0)
            self._largest = torch.maximum(self._largest, part_CB.max().double() + added_BC.max())
            part_CB += whole_NBC.long().sum(0).T

    def result(self, machines: tuple[str, ...] = ()) -> tuple[ScanResult, np.ndarray | None]:
        """Return what was found, and float16 [N, C] maxima if they were kept; waits for the device.

        Raises:
            ActivationError: an activation was NaN or infinite; the message names the first image of the first batch.
            DataError: activations are too large to be added up.
        """
        if self._rows:
            codes_NL = torch.cat(self._codes_NL).cpu().split([len(rows) for rows in self._rows])
            for code_NL, rows in zip(codes_NL, self._rows, strict=True):
                if error := fault_of(code_NL, list(self._layer_channels), rows):
                    raise error
        check_room(float(self._largest))
        top_k = TopK(*(tensor.cpu().numpy() for tensor in (self._value_CK, self._row_CK, self._position_CK2)))
        statistics = self._empty.statistics
        row_N = disjoint(np.zeros(0, np.int64), np.array([row for rows in self._rows for row in rows], np.int64))
        bin_CB, places = self._bins.cpu().numpy().reshape(-1, BINS), self._places[:-1].cpu().numpy()
        counted = ChannelStatistics(
            statistics.layer_channels, statistics.map_shapes, row_N, self._sum_C.cpu().numpy(), bin_CB, places
        )
        rings = RingActivity(self._empty.rings.threshold_C, *(total.cpu().numpy() for total in self._rings))
        maxima_NC = torch.cat(self._maxima_NC).cpu().numpy() if self._maxima_NC else None
        return ScanResult(top_k, counted, rings, machines), maxima_NC

    def _keep_best(self, value_NC: Tensor, row_N: Tensor, position_NC2: Tensor) -> None:
        """The nine of these images and those before: by falling activation, then by row, as `top_k.merge` orders."""
        enters_CN = (value_NC > 0).T
        value_CM = torch.cat([self._value_CK, value_NC.T.where(enters_CN, 0)], 1)
        row_CM = torch.cat([self._row_CK, row_N.expand_as(enters_CN).where(enters_CN, EMPTY)], 1)
        news_CN2 = position_NC2.transpose(0, 1).where(enters_CN[..., None], EMPTY)
        position_CM2 = torch.cat([self._position_CK2, news_CN2], 1)
        by_row_CM = row_CM.sort(dim=1, stable=True).indices
        by_value_CM = value_CM.gather(1, by_row_CM).sort(dim=1, descending=True, stable=True).indices
        best_CK = by_row_CM.gather(1, by_value_CM)
        # Empty places hold the value 0, which no image that counts has: they come last by themselves.
        best_CK = best_CK[:, :KEEP]
        self._value_CK, self._row_CK = value_CM.gather(1, best_CK), row_CM.gather(1, best_CK)
        self._position_CK2 = position_CM2.gather(1, best_CK[..., None].expand(-1, -1, 2))

    def _place_NC(self, position_NC2: Tensor) -> Tensor:
        """Where each peak is counted in `_places`; the last place for a peak without a position."""
        row_NC, col_NC = position_NC2.long().unbind(2)
        first_C, row_step_C, col_step_C, cols_C = self._grid_4C
        place_NC = first_C + row_NC // row_step_C * cols_C + col_NC // col_step_C
        return place_NC.masked_fill(row_NC < 0, len(self._places) - 1)

    def _count(self, counts: Tensor, index_NC: Tensor) -> None:
        one = torch.ones((), dtype=counts.dtype, device=self._device)
        counts.index_add_(0, index_NC.flatten(), one.expand(index_NC.numel()))


def _grids(statistics: ChannelStatistics) -> Tensor:
    """For each channel: its first place, units per bin along rows and columns, and bins along columns."""
    columns: list[tuple[int, ...]] = []
    first = 0
    for count, shape in zip(statistics.layer_channels.values(), statistics.map_shapes, strict=True):
        (row_step, col_step), (rows, cols) = place_grid(shape)
        firsts = accumulate([rows * cols] * (count - 1), initial=first)
        columns += [(start, row_step, col_step, cols) for start in firsts]
        first += count * rows * cols
    return torch.tensor(columns, dtype=torch.int64).T.contiguous()
