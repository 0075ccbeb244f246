"""Figures of a sweep: every seed is drawn, each variant by itself, and shuffled labels are left out."""

import re

import pytest

from lp_core.report.measured import Measured
from lp_core.report.sweep_figures import variant_figures
from lp_core.report.sweep_page import SweepData, write_sweep_report
from lp_core.report.tolerance_figures import mean_rows
from tests.lp_core.report.simulated import sweep_rows
from tests.lp_core.report.test_sanity_seeds_table import PASSES

VIEWS, LAYERS, VARIANTS, SEEDS = ("cartesian", "log_polar"), ("conv1_1", "conv5_3"), ("a=1", "a=2"), (0, 1, 2)
CURVES = {
    "rotation": [(15.0 * step, 0.0) for step in range(24)],
    "scale": [(step / 4, 0.0) for step in range(-4, 5)],
    "window": [(0.1, 0.0), (1.0, 0.0)],
    "scotoma": [(0.1, 0.0), (1.0, 0.0)],
    "fixation_crop": [(y / 10, x / 10) for y in range(-5, 6) for x in range(-5, 6)],
}
NUMBERS = ("tolerance.retention.rotation", "tolerance.equivariance.quarter_turns", "evolution.median_birth")
FINDING = {
    **{"claim": "c", "view": "cartesian", "layer": "all", "null": "n", "verdict": "undecided", "reason": "r"},
    **{"effect": None, "low": None, "high": None, "rules": "x", "variant": "a=1"},
    **{"images": 10, "channels": 0, "seeds": 3, "classes": 10, "input_px": 64},
}


@pytest.fixture(scope="module")
def measured() -> Measured:
    runs = [
        {"run": "", "variant": variant, "seed": seed, "control": control}
        for variant in VARIANTS
        for seed in SEEDS
        for control in ("none", "shuffled")
    ]
    curves = [
        run
        | {"view": view, "transform": transform, "value": value, "value_x": value_x, "images": 9}
        | dict.fromkeys(("top1", "low", "high"), 50.0 + run["seed"])
        for run in runs
        for view in VIEWS
        for transform, points in CURVES.items()
        for value, value_x in points
    ]
    pictures = {f"pictures.guided.{name}": value for name, value in PASSES.items()}
    values = [
        run | {"view": view, "layer": layer, "measure": measure, "value": pictures.get(measure, 0.5)}
        for run in runs
        for view in VIEWS
        for layer in LAYERS
        for measure in (*NUMBERS, *pictures)
    ]
    findings = [
        FINDING | {"sentence": first, "conditions": [{"measure": f"{first}.x", "rule": "r", "reason": "r"}]}
        for first in ("tolerance", "evolution", "pictures")
    ]
    return Measured(findings=findings, rules="x", tables={"tolerance": curves, "values": values})


@pytest.mark.parametrize("kind", ["tolerance", "evolution", "pictures"])
def test_every_variant_is_drawn_by_itself(measured, kind) -> None:
    drawn = variant_figures(measured, kind)
    assert [(each.variant, each.seeds) for each in drawn] == [(variant, 3) for variant in VARIANTS]
    one = variant_figures(measured, kind)[0]
    assert one == drawn[0], "the same figures again"
    assert bool(one.tables) == (kind == "pictures")
    assert variant_figures(measured, "grouping") == []
    assert variant_figures(Measured(findings=[], rules=""), kind) == []


def test_each_seed_is_a_thin_line_and_their_mean_a_bold_one(measured) -> None:
    rotation, scale = variant_figures(measured, "tolerance")[0].figures["curves"]
    for svg in (rotation, scale):
        for view in VIEWS:
            lines = re.findall(rf'<path [^>]*fill="none"[^>]*stroke="var\(--{view.replace("_", "-")}[^>]*>', svg)
            widths = [re.search(r'stroke-width="([0-9.]+)"', line)[1] for line in lines]  # type: ignore[index]
            assert sorted(widths) == ["0.7", "0.7", "0.7", "1.8"]
    [births] = variant_figures(measured, "evolution")[0].figures["births"]
    assert births.count('stroke-width="0.7"') == 2 * 3


def test_mean_rows_are_means_over_seeds() -> None:
    seeds = [
        [
            {"view": "cartesian", "transform": "scale", "value": at, "value_x": 0.0, "top1": top1 + at}
            for at in (0.0, 1.0)
        ]
        for top1 in (10.0, 20.0)
    ]
    means = mean_rows(seeds)
    assert [(row["value"], row["top1"], row["low"], row["high"]) for row in means] == [
        (0.0, 15.0, 15.0, 15.0),
        (1.0, 16.0, 16.0, 16.0),
    ]


def test_the_page_shows_them_with_one_caption_each(measured) -> None:
    data = SweepData(title="S", plan={}, runs=sweep_rows(variants=VARIANTS), measured=measured)
    html = write_sweep_report(data)["index.html"].decode()
    text = " ".join(re.sub(r"<svg.*?</svg>", " ", html, flags=re.S).split())
    for title in ("Tolerance over seeds", "Births by layer over seeds"):
        assert text.count(f"<b>{title}.</b>") == len(VARIANTS)
    assert text.count("<b>Which rule to trust where,") == 2 * len(VARIANTS)
    assert "✓3" in text
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids)), "no two figures share an id"
    bare = Measured(findings=measured.findings, rules="x", tables={})
    page = write_sweep_report(SweepData(title="S", plan={}, runs=sweep_rows(), measured=bare))["index.html"].decode()
    for option in ("--tolerance", "--evolution", "--sanity"):
        assert f"with {option} does so" in page
