"""`evolution_figure`: one figure a view, with a curve for each layer, the learning rate, and only what was measured."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from lp_core.findings.layer_evolution import evolution_values, layer_births, layer_table
from lp_core.findings.values import with_differences
from lp_core.findings.verdict_rows import RunSize, findings
from lp_core.measures.rules import EVOLUTION, committed_rules, read_rules
from lp_core.network.layers import conv_layers
from lp_core.report.claim_words import rules_text
from lp_core.report.evolution_figure import evolution_figure
from lp_core.report.findings import shown_kinds
from lp_core.report.measured import Measured
from lp_core.settings import VIEW_NAMES
from tests.lp_core.findings.evolving import EPOCHS, planted_history
from tests.lp_core.report.test_findings import page_of

RATES = [0.01, 0.1, 0.1, 0.01, 0.001]


@pytest.fixture(scope="module")
def measured() -> Measured:
    """Both views of a run whose deeper layers are born later."""
    births = {layer: [EPOCHS[number // 4], EPOCHS[-1], 0] for number, layer in enumerate(conv_layers())}
    history = planted_history(births, np.random.default_rng(0))
    distances = dict.fromkeys(births, np.array([1, 0.7, 0.3, 0.1, 0]))
    layers = layer_table(history, history[-1].nines, distances, RATES)
    values = {
        key: value
        for view in VIEW_NAMES
        for key, value in evolution_values(view, layers, layer_births(history, 0)).items()
    }
    rules = read_rules(committed_rules(EVOLUTION))
    rows = findings([with_differences(values)], [RunSize(224, 100, 5000, {})], rules)
    tables = {"evolution": [{"view": view, **row} for view in VIEW_NAMES for row in layers.to_pylist()]}
    return Measured(findings=rows, rules=rules.fingerprint, tables=tables)


@pytest.mark.parametrize("view", VIEW_NAMES)
def test_every_layer_has_a_curve_in_each_panel(measured, view) -> None:
    svg = evolution_figure(measured.tables["evolution"], view)
    root = ElementTree.fromstring(svg.replace("xlink:href", "href"))
    assert view.replace("_", "-").replace("cartesian", "ordinary") in root.attrib["aria-label"]
    colour = "var(--cartesian" if view == "cartesian" else "var(--log-polar"
    assert len(re.findall(re.escape(f'stroke="{colour}'), svg)) == 3 * 13
    for title in ("Channels not yet born", "Images shared with the last nine", "Learning rate"):
        assert title in svg
    assert "style=" not in svg
    assert svg == evolution_figure(measured.tables["evolution"], view)


def test_a_view_without_rows_has_no_figure(measured) -> None:
    rows = [row for row in measured.tables["evolution"] if row["view"] == "cartesian"]
    assert evolution_figure(rows, "log_polar") is None
    assert len(shown_kinds(replace(measured, tables={"evolution": rows}))[0].figures["evolution"]) == 1


def test_what_is_unknown_is_not_drawn(measured) -> None:
    rows = [{**row, "unborn_share": float("nan"), "chance": None} for row in measured.tables["evolution"]]
    assert evolution_figure(rows, "cartesian") is not None


def test_the_page_says_claims_figures_and_rules(measured) -> None:
    text = " ".join(re.sub(r"<svg.*?</svg>", " ", page_of(measured), flags=re.S).split())
    assert "How channels evolve" in text
    assert "Depth of the layer and median birth of its channels correlate by 0.9" in text
    assert "Evolution by epoch" in text
    assert "supported if all of these hold" in rules_text(measured.findings[0])
    bare = " ".join(page_of(replace(measured, tables={})).split())
    assert "Evolution was not measured: the run has no measures/evolution.parquet" in bare
