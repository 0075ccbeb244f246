"""The report of a sweep: every seed as a dot, variants side by side, findings of each variant, links to the runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from lp_core.network.layers import primary_layer
from lp_core.report.findings import KINDS, ShownKind, shown_claims
from lp_core.report.measured import Measured, Row, is_known
from lp_core.report.page import digest, inline, render
from lp_core.report.run_data import network_words
from lp_core.report.seeds_figure import SeedValues, seeds_figure
from lp_core.report.sweep_figures import variant_figures
from lp_core.report.tile import VIEW_TITLES
from lp_core.report.variants_table import variant_accuracies
from lp_core.settings import VIEW_NAMES, NetworkSettings, ViewName

SHUFFLED, UNTRAINED = "shuffled", "untrained"
MEASURES = {
    "grouping.G.delta": "Δ of G: pairs of one class beyond popularity",
    "grouping.W.delta": "Δ of W: likeness in meaning beyond popularity",
    "grouping.E.delta.cartesian_embedding": "Δ of E, embedding of an ordinary network",
    "grouping.E.delta.log_polar_embedding": "Δ of E, embedding of a log-polar network",
    "grouping.E.delta.plugin_embedding": "Δ of E, embedding that was given",
    "grouping.M.delta.cartesian_embedding": "Δ of M, embedding of an ordinary network",
    "grouping.M.delta.log_polar_embedding": "Δ of M, embedding of a log-polar network",
    "grouping.M.delta.plugin_embedding": "Δ of M, embedding that was given",
    "firing.foveal_index.against_untrained": "Foveal index against untrained (log2)",
    "firing.foveal_index.against_scrambled": "Foveal index against scrambled (log2)",
    "firing.foveal_index.against_fixations": "Foveal index against random fixations (log2)",
}
"""Measures that are drawn over seeds, where a sweep has them, and what their axis is called."""
COMPARED = {
    "grouping.G.lambda": "Λ of G",
    "grouping.W.lambda": "Λ of W",
    **{
        f"grouping.{name}.lambda.{embedding}_embedding": f"Λ of {name}, embedding {words}"
        for name in ("E", "M")
        for embedding, words in {
            "cartesian": "of an ordinary network",
            "log_polar": "of a log-polar network",
            "plugin": "that was given",
        }.items()
    },
    "firing.foveal_index.against_untrained": "Foveal index against untrained",
    "firing.foveal_index.against_scrambled": "Foveal index against scrambled",
    "firing.foveal_index.against_fixations": "Foveal index against random fixations",
}
"""Differences between the views that are listed, and what they are called."""


@dataclass(frozen=True, kw_only=True)
class SweepData:
    """Everything that the page shows, as plain values.

    Attributes:
        title: of the page.
        plan: as in sweep.json; may be empty.
        runs: rows of sweep.parquet.
        reported: runs that have a report.
        measured: None if the sweep was not measured.
    """

    title: str
    plan: Mapping[str, Any]
    runs: Sequence[Row]
    reported: frozenset[str] = frozenset()
    measured: Measured | None = None


@dataclass(frozen=True, kw_only=True)
class _Figure:
    """A number over seeds, and which controls lie behind it."""

    svg: Markup
    controls: Sequence[str] = field(default_factory=tuple)


def write_sweep_report(data: SweepData) -> dict[str, bytes]:
    """Make the files of SWEEP/report/: name relative to it -> contents. The same data give the same bytes."""
    style = Markup(inline("style.css") + inline("findings.css") + inline("sanity.css"))
    views = [view for view in VIEW_NAMES if any(is_known(row.get(f"top1_{view}")) for row in data.runs)]
    kinds = shown_claims(data.measured) if data.measured else {}
    layer = _shown_layer(data.measured)
    page = render(
        "sweep.html",
        policy=f"style-src {digest(style)}",
        style=style,
        data=data,
        titles=VIEW_TITLES,
        views=views,
        variants=_variants(data.runs),
        kinds=[ShownKind(name=name, title=KINDS.get(name, name), claims=claims) for name, claims in kinds.items()],
        drawn={name: variant_figures(data.measured, name) for name in kinds} if data.measured else {},
        accuracy=_accuracy(data),
        accuracies=variant_accuracies(data.runs),
        layer=layer,
        figures=_measure_figures(data, layer),
        differences=_differences(data, layer),
        runs=[
            {
                "error": None,
                "seconds": None,
                **row,
                "link": f"../{quote(row['run'])}/report/index.html" if row["run"] in data.reported else None,
            }
            for row in data.runs
        ],
        facts=_facts(data.plan),
    )
    return {"index.html": page}


def _variants(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row["variant"] for row in rows))


def _accuracy(data: SweepData) -> _Figure | None:
    """Top-1 of every run, networks of shuffled labels and chance behind."""
    variants = {}
    for variant in _variants(data.runs):
        mine = [row for row in data.runs if row["variant"] == variant]
        of_control = {
            control: _by_view((view, row["seed"], row.get(f"top1_{view}")) for row in rows for view in VIEW_NAMES)
            for control, rows in _by_control(mine).items()
        }
        variants[variant] = SeedValues(
            trained=of_control.get("none", {}), controls={SHUFFLED: of_control.get(SHUFFLED, {})}
        )
    classes = {finding["classes"] for finding in data.measured.findings} if data.measured else set()
    chance = {"chance": 100 / min(classes)} if classes else {}
    return _figure("top1", variants, "Top-1 accuracy (%)", chance)


def _shown_layer(measured: Measured | None) -> str:
    """The primary layer of the networks; nothing where no measure of a layer is drawn."""
    rows = measured.rows("values") if measured else []
    layers = list(dict.fromkeys(row["layer"] for row in rows if row["measure"] in MEASURES))
    return primary_layer(layers) if layers else ""


def _measure_figures(data: SweepData, layer: str) -> list[_Figure]:
    """Each measure of a layer over seeds."""
    figures = []
    for name, label in MEASURES.items():
        variants = {}
        for variant in _variants(data.runs):
            rows = data.measured.rows("values", variant=variant, layer=layer) if data.measured else []
            by_control = _by_control([row for row in rows if row["measure"] == name])
            untrained = [row for row in rows if row["measure"] == _untrained(name) and row["control"] == "none"]
            variants[variant] = SeedValues(
                trained=_values(by_control.get("none", ())),
                controls={UNTRAINED: _values(untrained), SHUFFLED: _values(by_control.get(SHUFFLED, ()))},
            )
        figure = _figure(name, variants, label, {"none": 0.0})
        figures += [figure] if figure else []
    return figures


def _untrained(name: str) -> str:
    """The name of what a measure's untrained networks have: `grouping.G.delta.untrained`."""
    head, _, embedding = name.partition(".delta")
    return f"{head}.delta.untrained{embedding}"


def _figure(name: str, variants: Mapping[str, SeedValues], label: str, lines: Mapping[str, float]) -> _Figure | None:
    svg = seeds_figure(name, variants, label, lines=lines)
    controls = {
        control for values in variants.values() for control, of_view in values.controls.items() if any(of_view.values())
    }
    return None if svg is None else _Figure(svg=Markup(svg), controls=sorted(controls))


def _by_control(rows: Sequence[Row]) -> dict[str, list[Row]]:
    by_control: dict[str, list[Row]] = {}
    for row in rows:
        by_control.setdefault(row["control"], []).append(row)
    return by_control


def _values(rows: Sequence[Row]) -> dict[ViewName, dict[int, float]]:
    return _by_view((row["view"], row["seed"], row["value"]) for row in rows)


def _by_view(triples: Any) -> dict[ViewName, dict[int, float]]:
    """Values by view and seed, of those that are known and of one view."""
    by_view: dict[ViewName, dict[int, float]] = {}
    for view, seed, value in triples:
        if view in VIEW_NAMES and is_known(value):
            by_view.setdefault(view, {})[seed] = value
    return by_view


def _differences(data: SweepData, layer: str) -> list[Row]:
    """What the log-polar view has more in a layer, of the measures that matter most."""
    rows = data.measured.rows("differences", layer=layer) if data.measured else []
    return [{**row, "title": title} for name, title in COMPARED.items() for row in rows if row["measure"] == name]


def _facts(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The plan as the page lists it."""
    vary = {name: ", ".join(map(str, values)) for name, values in plan.get("vary", {}).items()}
    known = {"recipe": plan.get("recipe"), "seeds": plan.get("seeds"), "controls": plan.get("controls")}
    known["first weights"] = next(iter(plan.get("first_weights", ())), None)
    overrides = dict(plan.get("overrides", {}))
    if modules := overrides.get("network.modules"):  # other settings of the network then have no effect
        effective = {name for name in overrides if not name.startswith("network.")} | {"network.initialization"}
        overrides = {name: value for name, value in overrides.items() if name in effective}
        overrides["network"] = network_words(NetworkSettings(modules=modules))
    changed = {f"changed: {name}": value for name, value in overrides.items()}
    return {name: value for name, value in known.items() if value} | vary | changed
