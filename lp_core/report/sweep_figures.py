"""Figures of a sweep about tolerance, evolution and pictures: every seed, variant by variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from markupsafe import Markup

from lp_core.findings.values import ALL_LAYERS
from lp_core.measures.tolerance import CROSSINGS
from lp_core.report.layer_panels import birth_layers, equivariance_layers, padding_layers, retention_layers
from lp_core.report.layers_figure import values_by_seed
from lp_core.report.measured import Measured, Row
from lp_core.report.sanity_seeds_table import SeedsTable, sanity_seeds_tables
from lp_core.report.tolerance_figures import (
    MAPS,
    fixation_figure,
    mask_figure,
    mean_rows,
    rotation_figure,
    scale_figure,
)
from lp_core.settings import VIEW_NAMES


@dataclass(frozen=True, kw_only=True)
class VariantFigures:
    """What is drawn of the trained networks of one variant.

    Attributes:
        variant: its name.
        seeds: how many runs.
        figures: `<svg>` elements by what they show; empty where it was not measured.
        tables: which rule's pictures to trust in how many seeds; of a view each.
    """

    variant: str
    seeds: int
    figures: Mapping[str, Sequence[Markup]] = field(default_factory=dict)
    tables: Sequence[SeedsTable] = ()


def variant_figures(measured: Measured, kind: str) -> list[VariantFigures]:
    """Return the figures of each variant about a kind of claims: `tolerance`, `evolution` or `pictures`; else none.

    Args:
        measured: of a sweep; runs of shuffled labels are left out.
        kind: of claims.
    """
    input_px = max((finding["input_px"] for finding in measured.findings), default=0)
    drawn = []
    for variant in dict.fromkeys(row["variant"] for row in measured.rows("values", control="none")):
        rows = measured.rows("values", control="none", variant=variant)
        figures: dict[str, list[Markup]] = {}
        if kind == "tolerance":
            figures = _tolerance(measured.rows("tolerance", control="none", variant=variant), rows, input_px, variant)
        if kind == "evolution":
            figures = {"births": _elements(birth_layers(rows, variant))}
        tables = sanity_seeds_tables(rows) if kind == "pictures" else []
        if tables or any(figures.values()):
            seeds = len({row["seed"] for row in rows})
            drawn.append(VariantFigures(variant=variant, seeds=seeds, figures=figures, tables=tables))
    return drawn


def _tolerance(curves: Sequence[Row], values: Sequence[Row], input_px: int, variant: str) -> dict[str, list[Markup]]:
    by_seed: dict[int, list[Row]] = {}
    for row in curves:
        by_seed.setdefault(row["seed"], []).append(row)
    seeds = list(by_seed.values())
    means, crossings = mean_rows(seeds), _crossings(values)
    return {
        "curves": _elements(
            rotation_figure(means, seeds, variant),
            scale_figure(means, seeds, variant),
        ),
        "masks": _elements(
            *(mask_figure(means, crossings, input_px, each, seeds=seeds, name=variant) for each in CROSSINGS)
        ),
        "fixations": _elements(*(fixation_figure(means, transform, variant) for transform in MAPS)),
        "layers": _elements(retention_layers(values, variant), equivariance_layers(values, variant)),
        "padding": _elements(padding_layers(values, variant)),
    }


def _crossings(values: Sequence[Row]) -> list[dict[str, Any]]:
    """Crossings of each view as tolerance_summary.parquet has them: mean, lowest and highest of the seeds with one."""
    rows = []
    for view, measure in product(VIEW_NAMES, CROSSINGS):
        every = [of_seed[ALL_LAYERS] for of_seed in values_by_seed(values, f"tolerance.{measure}", view)]
        found = [crossing for crossing in every if crossing > 0]  # 0: a window is worth more at every radius
        if found:
            row = {"view": view, "measure": measure, "value": sum(found) / len(found)}
            rows.append(row | {"low": min(found), "high": max(found)})
    return rows


def _elements(*drawn: str | None) -> list[Markup]:
    return [Markup(svg) for svg in drawn if svg is not None]
