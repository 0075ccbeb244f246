"""The nine of every channel found again the slow way, to be compared with a scan's table.

Shares no code with the scan: it compares every activation of every image, and Python's own sort decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from lp_core.exemplars import KEEP, ROUNDING
from lp_core.exemplars.rotated_basis import rotated
from lp_core.network.stack import Stack

Channel = tuple[str, int]
Peak = tuple[float, int, int]
"""Activation, row and column in the map."""


@torch.no_grad()
def brute_force(
    network: torch.nn.Module | Stack,
    batches: Iterable[tuple[Sequence[int], Tensor]],
    table: pa.Table,
    tolerance: float = 0.0,
    rotations: Mapping[str, Tensor] | None = None,
    watch: Callable[[Sequence[int], str, np.ndarray], None] | None = None,
) -> dict[Channel, dict[int, Peak]]:
    """Return, for each (layer, channel), the peaks of its nine best images and of those recorded, by row number.

    Args:
        network: any that `find_peaks` takes.
        batches: row numbers, and normalised images [N, 3, S, R] of which the first ones are theirs.
        table: the exemplars recorded.
        tolerance: a recorded position counts as the peak's if its activation comes so near to it, relatively.
        rotations: mix the channels of each layer, where the scan was of rotated ones.
        watch: called with row numbers, layer and maps, float32 [N, C, S, R].
    """
    peaks: dict[Channel, dict[int, Peak]] = {}
    ninth: dict[str, np.ndarray] = {}
    recorded = _recorded(table)
    kept: dict[Channel, set[int]] = defaultdict(set)
    for (layer, row), units in recorded.items():
        for channel in units:
            kept[layer, channel].add(row)
    stack = Stack.of(network)
    for rows, x_N3SR in batches:
        y = x_N3SR
        for step in stack.steps:
            y = step.module(y)
            y = torch.relu(y) if step.relu else y
            if step.layer is None:
                continue
            layer = step.layer
            a_NCSR = (y if rotations is None else rotated(y, rotations[layer]))[: len(rows)].float().cpu()
            peak_NC = a_NCSR.amax((2, 3)).numpy()
            if watch is not None:
                watch(rows, layer, a_NCSR.numpy())
            if layer not in ninth:
                ninth[layer] = np.zeros(peak_NC.shape[1], np.float32)
                peaks |= {(layer, channel): {} for channel in range(peak_NC.shape[1])}
            enters_NC = (peak_NC > 0) & (peak_NC >= ninth[layer])
            touched = set()
            for image, row in enumerate(rows):
                units = recorded.get((layer, int(row)), {})
                candidates = {*np.flatnonzero(enters_NC[image]).tolist(), *units} & set(range(peak_NC.shape[1]))
                for channel in candidates:
                    peaks[layer, channel][int(row)] = _peak(
                        a_NCSR[image, channel].numpy(), units.get(channel), tolerance
                    )
                touched |= candidates
            for channel in touched:
                by_row = peaks[layer, channel]
                best = sorted(by_row, key=lambda row: (-by_row[row][0], row))[:KEEP]
                peaks[layer, channel] = {row: by_row[row] for row in {*best, *(kept[layer, channel] & set(by_row))}}
                ninth[layer][channel] = by_row[best[-1]][0] if len(best) == KEEP else 0
    return peaks


def _recorded(table: pa.Table) -> dict[tuple[str, int], dict[int, tuple[int, int]]]:
    """By layer and row number: the channels whose table has that image, and the recorded unit's row and column."""
    recorded: dict[tuple[str, int], dict[int, tuple[int, int]]] = defaultdict(dict)
    for line in table.select(["layer", "channel", "row", "unit_row", "unit_col"]).to_pylist():
        if line["row"] is not None:
            recorded[line["layer"], line["row"]][line["channel"]] = line["unit_row"], line["unit_col"]
    return recorded


def _peak(a_SR: np.ndarray, unit: tuple[int, int] | None, tolerance: float) -> Peak:
    """The largest activation of a map and its first position, or the recorded one if that is as good."""
    row, col = divmod(int(a_SR.argmax()), a_SR.shape[1])
    value = float(a_SR[row, col])
    if unit and tolerance and None not in unit and unit[0] in range(a_SR.shape[0]) and unit[1] in range(a_SR.shape[1]):
        row, col = unit if a_SR[unit] >= value * (1 - tolerance) else (row, col)
    return value, row, col


def column_differences(table: pa.Table, expected: pa.Table) -> list[str]:
    """Return in words which columns and metadata of a table are not those expected, with the first such line."""
    if table.schema.metadata != expected.schema.metadata:
        return [f"the metadata are {table.schema.metadata}, not {expected.schema.metadata}"]
    if table.schema != expected.schema or len(table) != len(expected):
        return [f"the table has {len(table)} lines of {', '.join(table.column_names)}; a scan writes another form"]
    complaints = []
    for name in table.column_names:
        if table[name] != expected[name]:
            pairs = zip(table[name].to_pylist(), expected[name].to_pylist(), strict=True)
            number, (seen, wanted) = next((n, pair) for n, pair in enumerate(pairs) if pair[0] != pair[1])
            line = f"{table['layer'][number]}/{table['channel'][number]} rank {table['rank'][number]}"
            complaints.append(f"{line}: {name} {seen} is recorded, but its image and unit have {wanted}")
    return complaints


def exemplar_differences(table: pa.Table, peaks: dict[Channel, dict[int, Peak]], tolerance: float = 0.0) -> list[str]:
    """Return in words where a table of exemplars disagrees with peaks that brute force found; nothing if it agrees.

    Args:
        table: exemplars, as `exemplar_table` makes them.
        peaks: by channel and row number; every image's peak in the channels to be compared.
        tolerance: largest relative difference of activations. 0 suits the machine, precision and batch of the scan;
            elsewhere rounding differs (1e-4 in fp32) and images whose activations are closer may change places. Then
            `ROUNDING` of the layer's largest activation is allowed, too.
    """
    complaints = []
    recorded: dict[Channel, list[dict]] = defaultdict(list)
    largest: dict[str, float] = defaultdict(float)
    for line in table.to_pylist():
        recorded[line["layer"], line["channel"]].append(line)
        largest[line["layer"]] = max(largest[line["layer"]], line["activation"])
    unknown = sorted(recorded.keys() - peaks.keys())
    complaints += [
        f"{layer}/{number}: it is recorded, but the network has no such channel" for layer, number in unknown
    ]
    for channel, peak_by_row in peaks.items():
        name = f"{channel[0]}/{channel[1]}"
        best = sorted(((value, -row) for row, (value, *_) in peak_by_row.items() if value > 0), reverse=True)[:KEEP]
        lines = sorted(recorded[channel], key=lambda line: line["rank"])
        if [line["rank"] for line in lines] != list(range(KEEP)):
            complaints.append(f"{name}: the table has {len(lines)} rows for it, not one for each rank 0 to {KEEP - 1}")
            continue
        rows = [line["row"] for line in lines if line["row"] is not None]
        if len(set(rows)) < len(rows):
            complaints.append(f"{name}: an image occurs twice among its nine: rows {rows}")
        for line in lines:
            rounding = ROUNDING * largest[channel[0]] if tolerance else 0.0
            complaints += _line_differences(f"{name} rank {line['rank']}", line, best, peak_by_row, tolerance, rounding)
    return complaints


def _line_differences(
    name: str,
    line: dict,
    best: list[tuple[float, int]],
    peak_by_row: dict[int, Peak],
    tolerance: float,
    rounding: float,
) -> list[str]:
    rank, row = line["rank"], line["row"]
    if rank >= len(best):
        is_empty = row is None and line["activation"] == 0
        return [] if is_empty else [f"{name}: row {row} is recorded, but only {len(best)} images activate the channel"]
    if row is None:
        return [f"{name}: no image is recorded, but row {-best[rank][1]} has activation {best[rank][0]:.6g}"]
    if row not in peak_by_row:
        return [f"{name}: row {row} is recorded, which was not among the images searched"]
    value, *position = peak_by_row[row]
    complaints = []
    if not abs(line["activation"] - value) <= tolerance * abs(value) + rounding:  # nor may it be NaN
        complaints.append(f"{name}: activation {line['activation']:.9g} is recorded for row {row}, found {value:.9g}")
    if [line["unit_row"], line["unit_col"]] != position:
        recorded = (line["unit_row"], line["unit_col"])
        complaints.append(f"{name}: position {recorded} is recorded for row {row}, found {tuple(position)}")
    best_value, best_row = best[rank][0], -best[rank][1]
    is_best = abs(value - best_value) <= tolerance * best_value + rounding if tolerance else row == best_row
    if not is_best:
        complaints.append(f"{name}: row {row} is recorded, but row {best_row} has activation {best_value:.9g}")
    return complaints
