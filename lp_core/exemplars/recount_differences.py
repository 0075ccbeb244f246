"""Where the files of a scan disagree with a recount, in words; nothing where they agree.

Shapes: C channels of a layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from lp_core.exemplars.recount import EDGES, LayerCounts, Recount
from lp_core.exemplars.ring_activity import LayerActivity

ROUNDING = 1e-5
"""Largest relative error of a sum of float32 numbers in a bin. Source: 112 additions of 6e-8 each, ten times over."""
FLIPPED = 1e-4
"""Largest share of the units, or images, whose count may differ where another machine computed."""


def recount_differences(
    recount: Recount, channels: pa.Table, places: Mapping[str, np.ndarray], tolerance: float = 0.0
) -> list[str]:
    """Return in words what `channels.parquet`, `places.npz` and `rings.npz` say otherwise than a recount.

    Args:
        recount: of all images of the scan.
        channels: the table.
        places: by layer.
        tolerance: largest relative difference of activations; 0 on the machine of the scan.
    """
    complaints = []
    layers = channels["layer"].to_numpy(zero_copy_only=False)
    for layer, counts in recount.layers.items():
        table = channels.filter(layers == layer)
        if len(table) != len(counts.steps_C) or layer not in places:
            complaints.append(
                f"{layer}: channels.parquet or places.npz does not have its {len(counts.steps_C)} channels"
            )
            continue
        complaints += _channels(layer, table, counts, tolerance)
        complaints += _places(layer, places[layer], counts, tolerance)
        complaints += _rings(layer, recount.recorded[layer], counts, tolerance)
    missing = [layer for layer in recount.recorded if layer not in recount.layers]
    return complaints + [f"{layer}: rings.npz has it, but the network does not" for layer in missing]


def _channels(layer: str, table: pa.Table, counts: LayerCounts, tolerance: float) -> Iterator[str]:
    images = counts.images
    upto_CB = np.cumsum(counts.bin_CB, 1)
    expected = {
        "channel": np.arange(len(counts.steps_C)),
        "images": np.full(len(counts.steps_C), images),
        "dead": counts.bin_CB[:, 0] == images,
        "active_share": 1 - counts.bin_CB[:, 0] / max(images, 1),
        "mean": counts.steps_C / 2.0**24 / max(images, 1),
    }
    middle_B = np.append(0, (EDGES[:-1] + EDGES[1:]) / 2)
    for name, share in (("median", 0.5), ("q90", 0.9), ("q99", 0.99)):
        needed = max(int(np.ceil(share * images)), 1)
        expected[name] = np.array([middle_B[np.flatnonzero(upto_B >= needed)[0]] for upto_B in upto_CB])
    # A quantile may lie in the bin beside where an activation is rounded otherwise.
    loose = {"active_share": (0, FLIPPED), "mean": (tolerance, 1e-6), "dead": (0, 1)}
    for name, values_C in expected.items():
        found_C = table[name].to_numpy(zero_copy_only=False)
        relative, absolute = loose.get(name, (0.13, 1e-4)) if tolerance else (0, 0)
        same_C = np.isclose(found_C.astype(np.float64), values_C.astype(np.float64), rtol=relative, atol=absolute)
        if not same_C.all():
            channel = np.flatnonzero(~same_C)[0]
            yield f"channels.parquet: {layer}/{channel}: {name} {found_C[channel]!s}, found {values_C[channel]!s}"


def _places(layer: str, recorded_CSR: np.ndarray, counts: LayerCounts, tolerance: float) -> Iterator[str]:
    rows, cols = counts.place_CSR.shape[1:]
    row_step, col_step = -(-rows // 28), -(-cols // 28)
    binned = np.add.reduceat(counts.place_CSR, np.arange(0, rows, row_step), axis=1)
    binned = np.add.reduceat(binned, np.arange(0, cols, col_step), axis=2)
    if recorded_CSR.shape != binned.shape:
        yield f"places.npz: {layer} is {recorded_CSR.shape}, found {binned.shape}"
        return
    moved_C = np.abs(recorded_CSR - binned).sum((1, 2))
    wrong = np.flatnonzero(moved_C > (2 + FLIPPED * counts.images if tolerance else 0))
    if len(wrong):
        yield f"places.npz: {layer}/{wrong[0]}: {moved_C[wrong[0]]} places differ from those found"


def _rings(layer: str, recorded: LayerActivity, counts: LayerCounts, tolerance: float) -> Iterator[str]:
    units_B = recorded.cells_B * float(counts.images)
    for name, expected_CK in counts.sums.items():
        found_CK = getattr(recorded, name).astype(np.float64)
        if name in ("active_CB", "above_CB"):
            allowed = 1 + FLIPPED * units_B if tolerance else 0.0
        else:
            # Each image is rounded to whole steps: 2^-20 of sums, 2^-16 of squares.
            step = 2.0**-16 if name == "square_CB" else 2.0**-20
            allowed = (ROUNDING + 2 * tolerance) * expected_CK + counts.images * step / 2
        wrong = np.argwhere(np.abs(found_CK - expected_CK) > allowed)
        if len(wrong):
            channel, number = wrong[0]
            found, expected = found_CK[channel, number], expected_CK[channel, number]
            yield f"rings.npz: {layer}/{channel}: {name} {found:.9g} in bin or sector {number}, found {expected:.9g}"
    yield from _thresholds(layer, recorded, counts, tolerance)


def _thresholds(layer: str, recorded: LayerActivity, counts: LayerCounts, tolerance: float) -> Iterator[str]:
    if not counts.sampled:
        return
    by_channel_CM = np.sort(np.concatenate(counts.sampled, 1), axis=1)
    expected_C = by_channel_CM[:, int(np.ceil(0.99 * by_channel_CM.shape[1])) - 1].astype(np.float64)
    wrong = np.flatnonzero(np.abs(recorded.threshold_C - expected_C) > tolerance * expected_C + 1e-6 * (tolerance > 0))
    if len(wrong):
        found, expected = recorded.threshold_C[wrong[0]], expected_C[wrong[0]]
        yield f"rings.npz: {layer}/{wrong[0]}: threshold_C {found:.9g}, found {expected:.9g}"
