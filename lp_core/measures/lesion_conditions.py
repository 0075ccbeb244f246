"""The conditions of the lesion test of one map, and what top-1 they cost.

Shapes: S sectors, R rings, K conditions, N images.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lp_core.images.geometry import LogPolarGeometry
from lp_core.measures.lesion import cell_area, equal_area, equal_cells, foveal_cells
from lp_core.measures.rings import fovea_radius

SMALL_FOVEA_PX = 4.0
"""A fovea that leaves as many rings elsewhere where S / 2 pi does not. Source: our choice; at 224 px and a foveal scale
of 1 it holds 32 % of the rings."""
DRAWS = 3
"""Places elsewhere that each control blanks. Source: our choice."""
SCHEMA = pa.schema(
    [
        ("view", pa.string()),
        ("condition", pa.string()),
        ("draw", pa.int32()),
        ("radius", pa.float64()),
        ("cells", pa.int64()),
        ("images", pa.int64()),
        ("top1", pa.float64()),
    ]
)


@dataclass(frozen=True, eq=False)
class Condition:
    """Cells to blank.

    Attributes:
        name: none, fovea, equal_cells or equal_area; with the radius, as in fovea_4px, for a fovea of `SMALL_FOVEA_PX`.
        draw: number of the place elsewhere, from 0.
        radius: of the fovea in px of the crop resized to the network's input; 0 for none.
        mask_SR: bool, true for blanked cells.
    """

    name: str
    draw: int
    radius: float
    mask_SR: np.ndarray


def lesion_conditions(
    log_polar: LogPolarGeometry, draws: int = DRAWS, seed: int = 0
) -> tuple[list[Condition], list[str]]:
    """Return the conditions of a map: nothing blanked, the fovea, and its controls elsewhere.

    The fovea reaches to `rings.fovea_radius`. Where that is more than half of the rings, as many cells cannot be
    blanked elsewhere; a fovea of `SMALL_FOVEA_PX` with its controls is then added.

    Args:
        log_polar: the network's map.
        draws: places of each control; fewer where there are not as many.
        seed: of the places. Networks that are compared need the same.

    Returns:
        The conditions, and a line for each that this map does not allow.
    """
    none = np.zeros((log_polar.sectors, log_polar.rings), bool)
    conditions, remarks = [Condition("none", 0, 0.0, none)], list[str]()
    complete = False
    for radius, ending in ((fovea_radius(log_polar.size[0]), ""), (SMALL_FOVEA_PX, f"_{SMALL_FOVEA_PX:g}px")):
        if complete:
            break
        added, missing = _of_fovea(log_polar, radius, ending, draws, seed)
        conditions, remarks = conditions + added, remarks + missing
        complete = any(condition.name.startswith("equal_cells") for condition in added)
    return conditions, remarks


def _of_fovea(
    log_polar: LogPolarGeometry, radius: float, ending: str, draws: int, seed: int
) -> tuple[list[Condition], list[str]]:
    edge_E = log_polar.radius_of(np.arange(log_polar.rings + 1) - 0.5)
    try:
        fovea_SR = foveal_cells(log_polar.radius_of(np.arange(log_polar.rings)), radius, log_polar.sectors)
    except ValueError as error:
        return [], [f"lesion fovea{ending} is left out: {error}"]
    area_SR = cell_area(edge_E, ~log_polar.looks_outside())
    called = f"the inner {radius:g} px" if ending else "the fovea"
    controls: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
        "equal_cells": lambda rng: equal_cells(fovea_SR, rng),
        "equal_area": lambda rng: equal_area(fovea_SR, area_SR, rng),
    }
    conditions, remarks = [Condition(f"fovea{ending}", 0, radius, fovea_SR)], []
    for name, draw in controls.items():
        try:
            masks = _different([draw(np.random.default_rng([seed, number])) for number in range(draws)])
        except ValueError as error:
            remarks.append(f"lesion {name}{ending} is left out: {called} {str(error).removeprefix('it ')}")
            continue
        conditions += [Condition(f"{name}{ending}", number, radius, mask_SR) for number, mask_SR in enumerate(masks)]
    return conditions, remarks


def _different(masks: list[np.ndarray]) -> list[np.ndarray]:
    return list({mask.tobytes(): mask for mask in masks}.values())


def lesion_table(view: str, conditions: Sequence[Condition], hit_NK: np.ndarray) -> pa.Table:
    """Return one row per condition and draw: view, condition, draw, radius, cells (blanked), images, top1 (percent).

    Args:
        view: for the first column.
        conditions: K.
        hit_NK: bool, whether the network names an image's class first.
    """
    images = len(hit_NK)
    rows = [
        {"view": view, "condition": condition.name, "draw": condition.draw, "radius": condition.radius}
        | {"cells": int(condition.mask_SR.sum()), "images": images, "top1": 100 * int(hit_N.sum()) / images}
        for condition, hit_N in zip(conditions, hit_NK.T, strict=True)
    ]
    return pa.Table.from_pylist(rows, SCHEMA)


def lesion_values(table: pa.Table) -> dict[str, float]:
    """Return percentage points of top-1 lost by blanking the fovea, less the mean lost by blanking elsewhere.

    Below 0 the fovea is worth less than what it is compared with. `lesion.fovea_less_equal_cells` and
    `lesion.fovea_less_equal_area` are of `rings.fovea_radius`, or where that has no control, of `SMALL_FOVEA_PX`.
    What is measured of the small fovea also stands under its own name, such as `lesion.fovea_4px_less_equal_area`.

    Args:
        table: from `lesion_table`, of one view.
    """
    top1: dict[str, list[float]] = {}
    for row in table.to_pylist():
        top1.setdefault(row["condition"], []).append(row["top1"])
    small = f"_{SMALL_FOVEA_PX:g}px"
    values: dict[str, float] = {}
    for control in ("equal_cells", "equal_area"):
        for ending in ("", small):
            if f"{control}{ending}" in top1:
                # Lost by the fovea less lost by the control: top-1 without a lesion cancels.
                difference = float(np.mean(top1[f"{control}{ending}"])) - top1[f"fovea{ending}"][0]
                values[f"lesion.fovea{ending}_less_{control}"] = difference
                values.setdefault(f"lesion.fovea_less_{control}", difference)
    return values
