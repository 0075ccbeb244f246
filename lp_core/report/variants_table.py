"""Accuracy of a sweep's variants as the page shows it: over seeds, between the views, and against the first variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lp_core.measures.comparison import paired_difference
from lp_core.measures.intervals import Interval
from lp_core.measures.many_to_one import differences_from_first
from lp_core.report.claim_words import number
from lp_core.report.measured import Row, is_known
from lp_core.report.numbers_row import Cell, NumbersRow
from lp_core.report.tile import VIEW_TITLES
from lp_core.settings import VIEW_NAMES, ViewName

BETWEEN_VIEWS = "Log-polar less ordinary"
Seeds = Mapping[int, float]
"""Top-1 in percent by seed."""


def variant_accuracies(rows: Sequence[Row]) -> list[NumbersRow]:
    """Return a row for each variant of which a trained network has an accuracy.

    Variants are compared over the seeds that all of them have; intervals against the first variant hold together
    (`differences_from_first`).

    Args:
        rows: of sweep.parquet.
    """
    top1: dict[str, dict[ViewName, dict[int, float]]] = {}
    for row in rows:
        for view in VIEW_NAMES:
            if row["control"] == "none" and is_known(row.get(f"top1_{view}")):
                top1.setdefault(row["variant"], {}).setdefault(view, {})[row["seed"]] = row[f"top1_{view}"]
    views = [view for view in VIEW_NAMES if any(view in of_view for of_view in top1.values())]
    shown: dict[str, dict[str, Cell]] = {
        variant: {_title(view): _mean(of_view.get(view, {})) for view in views} for variant, of_view in top1.items()
    }
    if len(views) == len(VIEW_NAMES):
        for variant, of_view in top1.items():
            shown[variant][BETWEEN_VIEWS] = _between_views(*(of_view.get(view, {}) for view in VIEW_NAMES))
    if len(top1) > 1:
        for view in views:
            cells = _less_first([of_view.get(view, {}) for of_view in top1.values()])
            for of_variant, cell in zip(shown.values(), cells, strict=True):
                of_variant[f"{_title(view)}, less the first"] = cell
    return [NumbersRow(variant if len(top1) > 1 else "Top-1 (%)", cells) for variant, cells in shown.items()]


def _title(view: ViewName) -> str:
    return VIEW_TITLES[view].capitalize()


def _mean(seeds: Seeds) -> Cell:
    values = np.array(list(seeds.values()))
    if not len(values):
        return Cell("–", "")
    words = f"SD {number(values.std(ddof=1), 1)}, {len(values)} seeds" if len(values) > 1 else "1 seed"
    return Cell(number(values.mean(), 1), words)


def _between_views(ordinary: Seeds, log_polar: Seeds) -> Cell:
    both = sorted(set(ordinary) & set(log_polar))
    if not both:
        return Cell("–", "")
    return _cell(paired_difference([log_polar[seed] for seed in both], [ordinary[seed] for seed in both]).interval)


def _less_first(variants: Sequence[Seeds]) -> list[Cell]:
    common = sorted(set.intersection(*map(set, variants)))
    if not common:
        return [Cell("–", "")] * len(variants)
    found = differences_from_first([[seeds[seed] for seed in common] for seeds in variants])
    return [Cell("", ""), *map(_cell, found)]


def _cell(found: Interval) -> Cell:
    interval = f"{_signed(found.low)} to {_signed(found.high)}" if found.n > 1 else "1 seed"
    return Cell(_signed(found.estimate), interval)


def _signed(value: float) -> str:
    text = number(value, 1)
    return text if text.startswith("−") or not text.strip("0.") else f"+{text}"
