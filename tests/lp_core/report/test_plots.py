"""`plots` draws training curves as well-formed SVG that repeats to the byte."""

import math
import re
from xml.etree import ElementTree

from lp_core.report.plots import _curve, training_curves

LINES = [
    {"epoch": step / 50, "loss": 2.5 * math.exp(-step / 80), "learning_rate": 0.01, "top1": step / 3}
    for step in range(1, 201)
]
LINES += [{"epoch": float(e), "validation_loss": 2 / e, "validation_top1": 20.0 * e} for e in (1, 2, 3, 4)]
BOTH = {"cartesian": LINES, "log_polar": LINES[::2]}


def test_one_well_formed_picture_per_quantity() -> None:
    drawn = training_curves(BOTH)
    assert list(drawn) == ["loss", "top1", "learning_rate"]
    for svg in drawn.values():
        root = ElementTree.fromstring(svg.replace("xlink:href", "href"))
        assert root.attrib["role"] == "img"
        assert root.attrib["aria-label"]


def test_same_metrics_same_text() -> None:
    assert training_curves(BOTH) == training_curves(BOTH)


def test_a_strict_page_can_hold_them_side_by_side() -> None:
    drawn = training_curves(BOTH)
    text = "".join(drawn.values())
    assert not re.search(r"style|<\?xml|<!|font-family|#01020", text)
    ids = [set(re.findall(r'\bid="([^"]*)"', svg)) for svg in drawn.values()]
    assert len(set.union(*ids)) == sum(map(len, ids)), "an id of one picture is also in another"
    assert "var(--cartesian" in text
    assert "var(--log-polar" in text


def test_only_what_was_measured() -> None:
    assert list(training_curves({"log_polar": [{"epoch": 1.0, "loss": 2.0}]})) == ["loss"]
    assert training_curves({"cartesian": [], "log_polar": [{"epoch": 1.0, "top1": None}]}) == {}


def test_long_runs_stay_small() -> None:
    lines = [{"epoch": step / 5005, "loss": 1 + math.sin(step) / 4} for step in range(10, 500_500, 10)]
    assert len(training_curves({"cartesian": lines})["loss"]) < 40_000


def test_a_curve_goes_through_what_was_measured() -> None:
    assert _curve(LINES, "validation_top1").tolist() == [[1, 20], [2, 40], [3, 60], [4, 80]]
    assert _curve(LINES, "loss")[[0, -1], 0].tolist() == [1 / 50, 4]
