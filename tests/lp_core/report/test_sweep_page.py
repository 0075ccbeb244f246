"""`sweep_page`: findings of every variant, links to the runs that have a report, failures by name."""

import re
from dataclasses import replace

import pytest

from lp_core.report.sweep_page import SweepData, write_sweep_report
from tests.lp_core.report.simulated import in_layer, measured_sweep, sweep_rows

VARIANTS = ("law=monopole,a=1", "law=opencv,a=1")
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
PLAN = {"recipe": "demo", "seeds": [0, 1, 2], "vary": {"view.law": ["monopole", "opencv"]}, "controls": ["shuffled"]}


@pytest.fixture(scope="module")
def html() -> str:
    rows = sweep_rows(variants=VARIANTS)
    rows[0] |= {"state": "failed", "error": HOSTILE, "top1_cartesian": None, "top1_log_polar": None}
    data = SweepData(
        title="S",
        plan=PLAN,
        runs=rows,
        reported=frozenset(row["run"] for row in rows[1:]),
        measured=measured_sweep(variants=VARIANTS),
    )
    return write_sweep_report(data)["index.html"].decode()


def test_each_variant_has_each_finding(html: str) -> None:
    for variant in VARIANTS:
        assert html.count(f'<span class="variant">{variant}</span>') == 4
    assert html.count('class="sentence"') == 4


def test_runs_with_a_report_are_linked_and_failures_are_named(html: str) -> None:
    links = re.findall(r'href="(\.\./[^"]*)"', html)
    assert len(links) == 11
    assert "../law%3Dopencv%2Ca%3D1/shuffled-seed-2/report/index.html" in links
    assert "<b>law=monopole,a=1/seed-0</b>: &lt;img src=x" in html
    assert "<img" not in html


def test_accuracy_and_delta_are_drawn_over_seeds(html: str) -> None:
    labels = re.findall(r'<svg [^>]*aria-label="([^"]*)"', html)
    assert labels == [
        "Top-1 accuracy (%), every seed as a dot",
        "Δ of G: pairs of one class beyond popularity, every seed as a dot",
    ]
    assert html.count('<th scope="row">Λ of G') == 2, "the difference between the views, by variant"


def test_networks_without_conv5_2_are_compared_in_their_last_layer(html: str) -> None:
    measured = in_layer(measured_sweep(), "features.10")
    text = "a.0 Conv2d 3 8 3 1 1 1 1; a.1 ReLU; b Conv2d 8 8 3 1 1 1 1; b.relu ReLU; c Flatten; d Linear 512 2"
    overrides = {"network.modules": text, "network.width": 1.0, "train.epochs": 2}
    plan = PLAN | {"overrides": overrides, "first_weights": ["/data/given.pth", "1"]}
    data = SweepData(title="S", plan=plan, runs=sweep_rows(), measured=measured)
    page = write_sweep_report(data)["index.html"].decode()
    assert "Accuracy, and measures of features.10." in page
    assert "Accuracy, and measures of conv5_2." in html
    assert page.count("every seed as a dot") == html.count("every seed as a dot") == 2
    assert page.count('<th scope="row">Λ of G') == 1
    facts = dict(re.findall(r'<th scope="row">([^<]*)</th><td>([^<]*)</td></tr>', page))
    assert facts["changed: network"] == "2 layers, a.0 to b"
    assert facts["first weights"] == "/data/given.pth"
    assert "changed: train.epochs" in facts
    assert "network.width" not in page
    assert "Conv2d" not in page


def test_a_page_without_scripts_says_so_in_its_policy(html: str) -> None:
    assert "<script" not in html
    assert "default-src &#39;none&#39;" in html
    assert "script-src" not in html


def test_a_sweep_that_was_not_measured_or_not_begun_is_a_page() -> None:
    rows = sweep_rows()
    page = write_sweep_report(SweepData(title="S", plan=PLAN, runs=rows))["index.html"].decode()
    assert "<code>logpolar measure</code>" in page
    waiting = [row | {"state": "waiting", "top1_cartesian": None, "top1_log_polar": None} for row in rows]
    page = write_sweep_report(SweepData(title="S", plan=PLAN, runs=waiting))["index.html"].decode()
    assert "No run is finished yet" in page


def test_differences_of_embeddings_are_listed() -> None:
    measured = measured_sweep()
    [like] = [row for row in measured.rows("differences", layer="conv5_2") if row["measure"] == "grouping.G.lambda"]
    names = [f"grouping.{name}.lambda.log_polar_embedding" for name in ("E", "M")]
    more = [*measured.tables["differences"], *(like | {"measure": name} for name in names)]
    tables = {**measured.tables, "differences": more}
    data = SweepData(title="S", plan={}, runs=sweep_rows(), measured=replace(measured, tables=tables))
    page = write_sweep_report(data)["index.html"].decode()
    for name in ("E", "M"):
        assert page.count(f'<th scope="row">Λ of {name}, embedding of a log-polar network') == 1
