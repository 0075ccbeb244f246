"""`findings`: every claim is shown with its verdict, every kind with its figure, and what is missing is missing."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from lp_core.measures.rules import committed_rules, read_rules
from lp_core.network.accuracy import Counts
from lp_core.network.layers import vgg
from lp_core.report.contents import ReportData, ViewReport
from lp_core.report.findings import layer_groupings, ring_layers, shown_kinds
from lp_core.report.page import write_report
from tests.lp_core.report.simulated import LAYER, measured_run, run_of

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


def page_of(measured) -> str:
    views = {view: ViewReport(evaluation=Counts(10, 1, 5, 20.0).summary()) for view in ("cartesian", "log_polar")}
    return write_report(ReportData(title="t", classes=100, views=views, measured=measured))["index.html"].decode()


@pytest.fixture(scope="module")
def measured():
    return measured_run()


@pytest.fixture(scope="module")
def html(measured) -> str:
    return page_of(measured)


def test_every_claim_of_the_rules_is_shown_with_verdict_interval_and_rule(html) -> None:
    text = " ".join(re.sub(r"<[^>]*>", " ", html).split())
    for claim in read_rules(committed_rules()).claims:
        assert claim.sentence in text
    assert text.count("(one seed: a case report)") == 4
    assert "supported if all of these hold" in text
    assert "5,000 images of 100 classes, 16 channels of conv5_2, one seed, 224 px" in text


def test_figures_are_well_formed_and_can_stand_on_one_page(html) -> None:
    svgs = re.findall(r"<svg .*?</svg>", html, re.S)
    assert len(svgs) == 1 + 2 * 2 + 2, "grouping, rings of one layer in both views, angles"
    ids = [name for svg in svgs for name in set(re.findall(r'\bid="([^"]*)"', svg))]
    assert len(ids) == len(set(ids))
    for svg in svgs:
        assert ElementTree.fromstring(svg.replace("xlink:href", "href")).attrib["aria-label"]
    assert not re.search(r'\sstyle="', html)


@pytest.mark.parametrize(
    ("layers", "shown"),
    [
        (list(vgg(16).channels), ["conv5_2", "conv2_2"]),
        (list(vgg(11).channels), ["conv5_2", "conv2_1"]),
        (["features.0", "features.3", "features.6", "features.8", "features.10"], ["features.10", "features.3"]),
        (["stem"], ["stem"]),
        ([], []),
    ],
)
def test_rings_are_of_the_specifications_layers_or_of_such_as_stand_for_them(layers, shown) -> None:
    assert ring_layers(layers) == shown


def test_firing_of_a_users_network_is_drawn(measured) -> None:
    """Its layers are neither of those that the specification names."""
    tables = {
        name: [row | {"layer": "body.7"} if "layer" in row else row for row in rows]
        for name, rows in measured.tables.items()
    }
    html = page_of(replace(measured, tables=tables))
    assert len(re.findall(r"<svg [^>]*aria-label=\"Activation of body.7 by distance", html)) == 2 * 2
    assert "Activation by distance from the fixation was not measured" not in " ".join(html.split())


def test_what_was_not_measured_is_named(measured, html) -> None:
    text = " ".join(html.split())
    assert "The lesion test was not measured: the run has no measures/lesion.parquet" in text
    bare = " ".join(page_of(measured_run(with_activity=False)).split())
    assert "Activation by distance from the fixation was not measured" in bare
    assert "Activation by angle was not measured" in bare
    none = " ".join(page_of(replace(measured, tables={})).split())
    assert "Grouping was not measured" in none


def test_without_findings_the_page_says_how_to_get_them() -> None:
    html = page_of(None)
    assert 'id="findings"' not in html
    assert "<code>logpolar measure</code>" in html


def test_groupings_are_those_of_the_tables(measured) -> None:
    grouping = run_of(0).tables["measures/grouping.parquet"].to_pylist()
    for view, of_view in layer_groupings(measured).items():
        [trained], [untrained] = (
            [r for r in grouping if (r["view"], r["network"], r["measure"]) == (view, network, "G")]
            for network in ("trained", "untrained")
        )
        assert of_view[LAYER].mean == pytest.approx(trained["mean"])
        assert of_view[LAYER].expected == trained["expected"]
        assert of_view[LAYER].untrained == untrained["mean"]


def test_words_of_a_findings_file_are_only_text(measured) -> None:
    measured = replace(measured, tables={})
    hostile = [{**row, "sentence": HOSTILE, "reason": HOSTILE} for row in measured.findings]
    assert "<img src=x" not in page_of(replace(measured, findings=hostile))


def test_same_measures_same_bytes(measured, html) -> None:
    assert page_of(measured) == html
    assert [kind.name for kind in shown_kinds(measured)] == ["grouping", "firing"]
