"""The table that says in how many seeds which rule's pictures pass their tests, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lp_core.report.measured import Row
from lp_core.report.sanity_table import shown, verdict
from lp_core.report.tile import RULE_TITLES
from lp_core.settings import VIEW_NAMES, ViewName

NUMBERS = ("survives", "survives_ssim", "deletion.effect", "occlusion.against_edges")


@dataclass(frozen=True, kw_only=True)
class SeedsCell:
    """What was found about the pictures of one layer by one rule, over seeds.

    Attributes:
        passed, failed, unknown: number of seeds.
        survives, survives_ssim: percent: mean, or a dash where no seed has the number.
        deletion, occlusion: percentage points, likewise.
        ranges: lowest to highest seed of the four, in words.
    """

    passed: int
    failed: int
    unknown: int
    survives: str
    survives_ssim: str
    deletion: str
    occlusion: str
    ranges: str


@dataclass(frozen=True, kw_only=True)
class SeedsTable:
    """Rows of one view: a layer, and its cells in the order of the rules."""

    view: ViewName
    rules: Sequence[str]
    rows: Sequence[tuple[str, Sequence[SeedsCell]]]


def sanity_seeds_tables(rows: Sequence[Row]) -> list[SeedsTable]:
    """Return a table for each view whose pictures were tested; every seed is judged by itself (`verdict`).

    Args:
        rows: of values.parquet of one variant of a sweep.
    """
    found: dict[tuple[str, str, str], dict[int, dict[str, float]]] = {}
    layers: dict[str, None] = {}
    for row in rows:
        first, _, rest = row["measure"].partition(".")
        layers[row["layer"]] = None  # the order of the table is the network's
        if first == "pictures" and row["view"] in VIEW_NAMES:
            rule, _, number = rest.partition(".")
            found.setdefault((row["view"], row["layer"], rule), {}).setdefault(row["seed"], {})[number] = row["value"]
    tables = []
    for view in VIEW_NAMES:
        tested = [layer for layer in layers if any((view, layer, rule) in found for rule in RULE_TITLES)]
        if tested:
            of_layers = [
                (layer, [_cell(found.get((view, layer, rule), {})) for rule in RULE_TITLES]) for layer in tested
            ]
            tables.append(SeedsTable(view=view, rules=list(RULE_TITLES.values()), rows=of_layers))
    return tables


def _cell(seeds: Mapping[int, Mapping[str, float]]) -> SeedsCell:
    values = [[numbers.get(name, math.nan) for name in NUMBERS] for numbers in seeds.values()]
    trusts = [verdict(of_seed[:2], of_seed[2:])[0] for of_seed in values]
    known = [[of_seed[place] for of_seed in values if math.isfinite(of_seed[place])] for place in range(len(NUMBERS))]
    forms = ("{:.0f}", "{:.0f}", "{:+.0f}", "{:+.0f}")
    means = [shown(100 * sum(of) / len(of), form) if of else "–" for of, form in zip(known, forms, strict=True)]
    ranges = [
        f"{shown(100 * min(of), form)} to {shown(100 * max(of), form)}" if of else "–"
        for of, form in zip(known, forms, strict=True)
    ]
    return SeedsCell(
        passed=trusts.count(True),
        failed=trusts.count(False),
        unknown=trusts.count(None),
        **dict(zip(("survives", "survives_ssim", "deletion", "occlusion"), means, strict=True)),
        ranges="survives {} / {}, box {}, 10 % {}".format(*ranges),
    )
