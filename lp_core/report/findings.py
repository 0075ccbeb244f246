"""The Findings section of a report: claims with their verdicts, one figure for each kind of claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from lp_core.measures.tolerance import CROSSINGS
from lp_core.network.layers import primary_layer
from lp_core.report.claim_words import basis_text, effect_text, rules_text
from lp_core.report.evolution_figure import evolution_figure
from lp_core.report.firing_figures import EXPECTED, angle_figure, ring_figure
from lp_core.report.grouping_figure import LayerGrouping, grouping_figure
from lp_core.report.layer_panels import birth_layers, equivariance_layers, padding_layers, retention_layers
from lp_core.report.lesion_figure import CONDITIONS, lesion_figure
from lp_core.report.measured import Measured, Row, is_known
from lp_core.report.numbers_row import NumbersRow
from lp_core.report.retention_figure import retention_figure
from lp_core.report.sanity_table import SanityTable, sanity_tables
from lp_core.report.tolerance_figures import MAPS, fixation_figure, mask_figure, rotation_figure, scale_figure
from lp_core.report.tolerance_table import tolerance_numbers
from lp_core.settings import VIEW_NAMES, ViewName

KINDS = {
    "grouping": "Grouping of the nine",
    "firing": "Where channels fire",
    "tolerance": "What networks tolerate",
    "pictures": "Whether pictures mean anything",
    "evolution": "How channels evolve",
}
"""Kinds of claims by the first word of their first measure; others stand under their own name."""


@dataclass(frozen=True, kw_only=True)
class ShownClaim:
    """A claim as the page shows it."""

    sentence: str
    verdict: str
    effect: str
    reason: str
    basis: str
    null: str
    rule: str
    conditions: Sequence[Row]
    variant: str = ""


@dataclass(frozen=True, kw_only=True)
class ShownKind:
    """Claims of one kind, and their figures."""

    name: str
    title: str
    claims: Mapping[str, Sequence[ShownClaim]]
    """By sentence; of a sweep one for each variant."""
    figures: Mapping[str, Sequence[Markup]] = field(default_factory=dict)
    """`<svg>` elements by what they show: grouping, rings, angles, lesion; empty where it was not measured."""
    networks: Sequence[str] = ()
    """Whose activation by ring was measured."""
    numbers: Sequence[NumbersRow] = ()
    """Of the tolerance test, with intervals over images."""
    field_degrees: float | None = None
    """Visual angle that the crop's side spans, where the settings say it."""
    tables: Sequence[SanityTable] = ()
    """Which rule's pictures to trust, one table for each view; empty where pictures were not tested."""
    left_out: Sequence[str] = ()
    """Conditions of the lesion test that were not measured, in words."""


def shown_claims(measured: Measured) -> dict[str, dict[str, list[ShownClaim]]]:
    """Return the claims by kind and sentence, in the order of findings.json."""
    kinds: dict[str, dict[str, list[ShownClaim]]] = {}
    for finding in measured.findings:
        kind = finding["conditions"][0]["measure"].partition(".")[0]
        kinds.setdefault(kind, {}).setdefault(finding["sentence"], []).append(
            ShownClaim(
                sentence=finding["sentence"],
                verdict=finding["verdict"],
                effect=effect_text(finding),
                reason=finding["reason"],
                basis=basis_text(finding),
                null=finding["null"],
                rule=rules_text(finding),
                conditions=finding["conditions"],
                variant=finding.get("variant", ""),
            )
        )
    return kinds


def shown_kinds(measured: Measured, field_degrees: float | None = None) -> list[ShownKind]:
    """Return what the Findings section of a run shows.

    Args:
        measured: findings and tables.
        field_degrees: visual angle that the crop's side spans; None if nobody said it.
    """
    lesioned = {row["condition"] for row in measured.rows("lesion")}
    left_out = [words for condition, words in CONDITIONS.items() if lesioned and condition not in lesioned]
    drawn = {
        "grouping": _grouping_figures,
        "firing": _firing_figures,
        "tolerance": lambda measured: _tolerance_figures(measured, field_degrees),
        "evolution": _evolution_figures,
    }
    return [
        ShownKind(
            name=name,
            title=KINDS.get(name, name),
            claims=claims,
            figures=drawn[name](measured) if name in drawn else {},
            networks=list(dict.fromkeys(row["network"] for row in measured.rows("firing"))),
            numbers=tolerance_numbers(measured.rows("tolerance_summary")) if name == "tolerance" else (),
            field_degrees=field_degrees,
            tables=sanity_tables(measured, VIEW_NAMES) if name == "pictures" else (),
            left_out=left_out,
        )
        for name, claims in shown_claims(measured).items()
    ]


def layer_groupings(measured: Measured) -> dict[ViewName, dict[str, LayerGrouping]]:
    """Return G of complete channels by view and layer, with what N1 and the untrained network give."""
    by_layer: dict[tuple[str, str], list[float]] = {}
    for row in measured.tables.get("channels", ()):
        if row["complete"] and is_known(row["G"]):
            by_layer.setdefault((row["view"], row["layer"]), []).append(row["G"])
    of_layer = {(row["network"], row["view"], row["layer"]): row for row in measured.rows("grouping", measure="G")}
    groupings: dict[ViewName, dict[str, LayerGrouping]] = {}
    for view in VIEW_NAMES:
        for layer in _layers(measured.rows("grouping")):
            values, trained = by_layer.get((view, layer)), of_layer.get(("trained", view, layer))
            if values and trained and is_known(trained["expected"]):
                control = of_layer.get(("untrained", view, layer))
                groupings.setdefault(view, {})[layer] = LayerGrouping(
                    value_C=_array(values),
                    expected=trained["expected"],
                    sd=trained["sd"],
                    untrained=control["mean"] if control and is_known(control["mean"]) else None,
                )
    return groupings


def _grouping_figures(measured: Measured) -> dict[str, list[Markup]]:
    groupings = layer_groupings(measured)
    known = {layer for of_view in groupings.values() for layer in of_view}
    layers = [layer for layer in _layers(measured.rows("grouping")) if layer in known]
    return {"grouping": [Markup(grouping_figure(groupings, layers))] if layers else []}


def _firing_figures(measured: Measured) -> dict[str, list[Markup]]:
    firing, angles = measured.rows("firing"), measured.rows("angles")
    rings = {
        f"rings_{view}": _elements(
            ring_figure(firing, view, layer, expected, degrees_per_px=measured.degrees_per_px)
            for layer in ring_layers(_layers(firing))
            for expected in EXPECTED
        )
        for view in VIEW_NAMES
    }
    layers = _layers(angles)
    return {
        **rings,
        "angles": _elements(angle_figure(angles, view, layers) for view in VIEW_NAMES),
        "lesion": _elements([lesion_figure(measured.rows("lesion"), VIEW_NAMES)]),
    }


def ring_layers(layers: Sequence[str]) -> list[str]:
    """Return the layers whose activation by ring is drawn, of those that were measured.

    Source: the specification names conv5_2 and conv2_2 of VGG-16. Other networks have the last layer for the one, and
    the one as far up for the other, a quarter of the way.
    """
    if not layers:
        return []
    early = "conv2_2" if "conv2_2" in layers else layers[(len(layers) - 1) // 4]
    return list(dict.fromkeys([primary_layer(layers), early]))


def _layers(rows: Sequence[Row]) -> list[str]:
    """Names of the layers in a table, in its order, which is that of the network."""
    return list(dict.fromkeys(row["layer"] for row in rows))


def _tolerance_figures(measured: Measured, field_degrees: float | None) -> dict[str, list[Markup]]:
    rows, summary, values = (measured.rows(name) for name in ("tolerance", "tolerance_summary", "values"))
    input_px = max((finding["input_px"] for finding in measured.findings), default=0)
    return {
        "curves": _elements([rotation_figure(rows), scale_figure(rows)]),
        "masks": _elements(mask_figure(rows, summary, input_px, name, field_degrees) for name in CROSSINGS),
        "fixations": _elements(fixation_figure(rows, transform) for transform in MAPS),
        "retention": _elements(retention_figure(measured.rows("retention"), view) for view in VIEW_NAMES),
        "layers": _elements([retention_layers(values), equivariance_layers(values)]),
        "padding": _elements([padding_layers(values)]),
    }


def _evolution_figures(measured: Measured) -> dict[str, list[Markup]]:
    rows = measured.rows("evolution")
    return {
        "evolution": _elements(evolution_figure(rows, view) for view in VIEW_NAMES),
        "births": _elements([birth_layers(measured.rows("values"))]),
    }


def _elements(drawn: Any) -> list[Markup]:
    return [Markup(svg) for svg in drawn if svg is not None]


def _array(values: Sequence[float]) -> Any:
    import numpy as np

    return np.array(values, np.float64)
