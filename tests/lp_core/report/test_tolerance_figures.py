"""Figures of the tolerance test: one mark for each point, both views, crossings, and people only in degrees."""

import re

import numpy as np
import pytest

from lp_core.findings.tolerance import tolerance_curves
from lp_core.measures.tolerance import CROSSINGS, MEANS
from lp_core.measures.tolerance_conditions import MULTI, conditions
from lp_core.report.svg import COLOURS
from lp_core.report.tolerance_figures import HIDDEN, MAPS, fixation_figure, mask_figure, rotation_figure, scale_figure
from lp_core.report.tolerance_table import MEASURES, tolerance_numbers

VIEWS = ("cartesian", "log_polar")


@pytest.fixture(scope="module")
def tables():
    """Rows of both tables, of networks that lose accuracy with eccentricity and size of what is hidden."""
    rng, given = np.random.default_rng(0), {}
    shares = []
    for condition in conditions():
        loss = np.hypot(condition.value, condition.value_x) if condition.transform.startswith("fix") else 0.0
        shown = {"window": condition.value, "scotoma": 1 - condition.value}
        share = shown.get(condition.look.mask, 1 - loss)
        shares.append(0.1 + 0.6 * share)
    for view in VIEWS:
        hit_NK = rng.random((80, len(shares))) < np.array(shares)
        label_N = 1 + np.arange(80) % 4
        multi = dict.fromkeys(MEANS, label_N[:, None].repeat(len(MULTI), 1))
        given[view] = {"row_N": np.arange(80), "label_N": label_N, "predicted_NK": hit_NK * label_N[:, None]} | multi
    curves, summary, _ = tolerance_curves(given, 10, 64, 0)
    return curves.to_pylist(), summary.to_pylist()


def variable(view):
    return f"var(--{view.replace('_', '-')}"


def test_curves_show_both_views_and_nothing_without_rows(tables):
    for figure in (rotation_figure, scale_figure):
        svg = figure(tables[0])
        for view in VIEWS:
            assert variable(view) in svg
            assert COLOURS[view] not in svg.replace(f"{variable(view)}, {COLOURS[view]})", "")
        alone = figure([row for row in tables[0] if row["view"] == "log_polar"])
        assert variable("cartesian") not in alone
        assert figure([]) is None
        assert figure(tables[0]) == svg
        assert "style=" not in svg


@pytest.mark.parametrize("transform", MAPS)
def test_maps_show_every_fixation_and_the_difference(tables, transform):
    svg = fixation_figure(tables[0], transform)
    assert "Log-polar less ordinary" in svg
    assert "<image" not in svg  # a strict page forbids pictures in data addresses
    alone = fixation_figure([row for row in tables[0] if row["view"] == "cartesian"], transform)
    assert "Log-polar less ordinary" not in alone
    assert fixation_figure([], transform) is None


@pytest.mark.parametrize("measure", CROSSINGS)
def test_degrees_and_people_appear_only_where_the_field_is_known(tables, measure):
    plain = mask_figure(*tables, 64, measure)
    degrees = mask_figure(*tables, 64, measure, field_degrees=27.0)
    assert HIDDEN[measure] in plain
    assert "Radius (px of the network input)" in plain
    assert "Radius (degrees)" in degrees
    assert degrees.count("stroke-dasharray") > plain.count("stroke-dasharray")
    assert mask_figure([], [], 64, measure) is None


@pytest.mark.parametrize("measure", CROSSINGS)
def test_crossings_without_a_value_are_not_drawn(tables, measure):
    rows, summary = tables
    without = [row | {"value": None} if row["measure"] == measure else row for row in summary]
    assert len(mask_figure(rows, without, 64, measure)) < len(mask_figure(rows, summary, 64, measure))
    for other in set(CROSSINGS) - {measure}:
        assert mask_figure(rows, without, 64, other) == mask_figure(rows, summary, 64, other)


@pytest.mark.parametrize("ends", [{"low": 0.0}, {"high": None}, {"low": 0.0, "high": None}], ids=str)
def test_an_interval_that_goes_beyond_the_radii_has_a_bar(tables, ends):
    rows, summary = tables
    measure = next(iter(CROSSINGS))
    without = [row | {"low": None, "high": None} if row["measure"] == measure else row for row in summary]
    open_ended = [row | ends if row["measure"] == measure else row for row in summary]
    lines = [mask_figure(rows, given, 64, measure).count("<path") for given in (without, open_ended)]
    assert lines[1] == lines[0] + 2


def test_numbers_have_a_column_for_each_view_and_the_difference(tables):
    numbers = tolerance_numbers(tables[1])
    assert [number.title for number in numbers] == [title for title, _, _ in MEASURES.values()]
    assert list(numbers[0].cells) == ["Ordinary view", "Log-polar view", "Difference"]
    summary = {(row["view"], row["measure"]): row for row in tables[1]}
    top1 = summary["cartesian", "top1"]
    assert numbers[0].cells["Ordinary view"].value == f"{top1['value']:.1f}"
    assert re.fullmatch(r"[\d.]+ to [\d.]+", numbers[0].cells["Ordinary view"].interval)
    assert tolerance_numbers([]) == []
