"""The numbers of the tolerance test as the page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lp_core.findings.values import DIFFERENCE
from lp_core.report.claim_words import number
from lp_core.report.numbers_row import Cell, NumbersRow
from lp_core.report.tile import VIEW_TITLES
from lp_core.settings import VIEW_NAMES

MEASURES = {
    "top1": ("Top-1 (%)", 1.0, 1),
    "rotation.area": ("Kept over all angles (% of upright)", 100.0, 1),
    "rotation.worst_angle": ("Kept at the worst angle (% of upright)", 100.0, 1),
    "rotation.every_angle": ("Right at every angle (0: errors independent, 100: as at the worst)", 100.0, 1),
    "inversion": ("Lost upside down (points)", 1.0, 1),
    "scale.area": ("Kept over two octaves (% of the middle)", 100.0, 1),
    "fixation_crop.area": ("Kept over all crops (% of the middle)", 100.0, 1),
    "fixation_gaze.area": ("Kept over all gazes (% of the middle)", 100.0, 1),
    "crossing_px": ("Window and scotoma cross at (px), mean colour hides", 1.0, 1),
    "crossing_px.photograph": ("The same, another photograph hides", 1.0, 1),
    "multi_fixation.crop": ("Gained by nine crops (points)", 1.0, 1),
    "multi_fixation.gaze": ("Gained by nine gazes (points)", 1.0, 1),
}
"""Measures of tolerance_summary.parquet: title, factor and decimal places."""


def tolerance_numbers(summary: Sequence[Mapping[str, Any]]) -> list[NumbersRow]:
    """Return a row for each measure of tolerance_summary.parquet, with the views and their difference."""
    by_key = {(row["view"], row["measure"]): row for row in summary}
    titles = {view: VIEW_TITLES[view].capitalize() for view in VIEW_NAMES} | {DIFFERENCE: "Difference"}
    shown = [view for view in titles if any(view == of_row for of_row, _ in by_key)]
    return [
        NumbersRow(title, {titles[view]: _cell(by_key[view, name], factor, digits) for view in shown})
        for name, (title, factor, digits) in MEASURES.items()
        if all((view, name) in by_key for view in shown) and shown
    ]


def _cell(row: Mapping[str, Any], factor: float, digits: int) -> Cell:
    value, low, high = (
        "–" if row[name] is None else number(factor * row[name], digits) for name in ("value", "low", "high")
    )
    return Cell(value, "" if (low, high) == ("–", "–") else f"{low} to {high}")
