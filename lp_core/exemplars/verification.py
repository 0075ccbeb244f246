"""The nine of a few channels found again the slow way, to be compared with a scan's table.

Shares no code with the scan: every activation of every image is looked at, and one sort decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from lp_core.network.vgg16 import VGG16, conv_layers

Channel = tuple[str, int]
Peak = tuple[float, int, int]
"""Activation, row and column in the map."""


@torch.no_grad()
def all_peaks(
    network: VGG16, batches: Iterable[tuple[Sequence[int], Tensor]], channels: Sequence[Channel]
) -> dict[Channel, dict[int, Peak]]:
    """Return, for each (layer, channel), the peak of every image by its row number.

    Args:
        network: any VGG16.
        batches: row numbers, and normalised images [N, 3, S, R] of which the first ones are theirs.
        channels: those to be looked at.
    """
    found: dict[Channel, dict[int, Peak]] = defaultdict(dict)
    for rows, x_N3SR in batches:
        maps: dict[str, dict[int, np.ndarray]] = {}
        y = x_N3SR
        for module in network.features:
            y = module(y)
            if isinstance(module, torch.nn.ReLU):
                layer = list(conv_layers())[len(maps)]
                wanted = [channel for name, channel in channels if name == layer]
                maps[layer] = {channel: y[:, channel].float().cpu().numpy().copy() for channel in wanted}
        for layer, channel in channels:
            for row, activation_SR in zip(rows, maps[layer][channel], strict=False):
                unit_row, unit_col = divmod(int(activation_SR.argmax()), activation_SR.shape[1])
                found[layer, channel][int(row)] = float(activation_SR.max()), unit_row, unit_col
    return dict(found)


def differences(table: pa.Table, found: dict[Channel, dict[int, Peak]], tolerance: float = 0.0) -> list[str]:
    """Return in words where a table of exemplars disagrees with the peaks found; nothing if it is right.

    Args:
        table: exemplars, as `exemplar_table` makes them.
        found: every image's peak in the channels to be compared.
        tolerance: largest relative difference of activations. 0 suits the machine, precision and batch of the scan;
            elsewhere rounding differs (1e-4 in fp32) and images whose activations are closer may change places.
    """
    complaints = []
    recorded: dict[Channel, list[dict]] = defaultdict(list)
    for line in table.to_pylist():
        if (line["layer"], line["channel"]) in found:
            recorded[line["layer"], line["channel"]].append(line)
    for channel, peak_by_row in found.items():
        name = f"{channel[0]}/{channel[1]}"
        best = sorted(((value, -row) for row, (value, *_) in peak_by_row.items() if value > 0), reverse=True)[:9]
        lines = sorted(recorded[channel], key=lambda line: line["rank"])
        if [line["rank"] for line in lines] != list(range(9)):
            complaints.append(f"{name}: the table has {len(lines)} rows for it, not one for each rank 0 to 8")
            continue
        rows = [line["row"] for line in lines if line["row"] is not None]
        if len(set(rows)) < len(rows):
            complaints.append(f"{name}: an image occurs twice among its nine: rows {rows}")
        for line in lines:
            complaints += _line_differences(f"{name} rank {line['rank']}", line, best, peak_by_row, tolerance)
    return complaints


def _line_differences(
    name: str, line: dict, best: list[tuple[float, int]], peak_by_row: dict[int, Peak], tolerance: float
) -> list[str]:
    rank, row = line["rank"], line["row"]
    if rank >= len(best):
        is_empty = row is None and line["activation"] == 0
        return [] if is_empty else [f"{name}: row {row} is recorded, but only {len(best)} images activate the channel"]
    if row is None:
        return [f"{name}: no image is recorded, but row {-best[rank][1]} has activation {best[rank][0]:.6g}"]
    if row not in peak_by_row:
        return [f"{name}: row {row} is recorded, which was not among the images looked at"]
    value, *position = peak_by_row[row]
    complaints = []
    if abs(line["activation"] - value) > tolerance * abs(value):
        complaints.append(f"{name}: activation {line['activation']:.9g} is recorded for row {row}, found {value:.9g}")
    if [line["unit_row"], line["unit_col"]] != position:
        recorded = (line["unit_row"], line["unit_col"])
        complaints.append(f"{name}: position {recorded} is recorded for row {row}, found {tuple(position)}")
    best_value, best_row = best[rank][0], -best[rank][1]
    is_best = abs(value - best_value) <= tolerance * best_value if tolerance else row == best_row
    if not is_best:
        complaints.append(f"{name}: row {row} is recorded, but row {best_row} has activation {best_value:.9g}")
    return complaints
