"""`layers_figure`: a line for each seed and one for their mean, controls without seeds, no point where no value is."""

import re

from lp_core.report.layers_figure import DASHED, Line, Panel, layers_figure, values_by_seed

LAYERS = ["conv1_1", "conv1_2", "conv2_1"]
SEEDS = [{"conv1_1": 0.5, "conv1_2": 0.4, "conv2_1": 0.1}, {"conv1_1": 0.7, "conv1_2": 0.6}]


def strokes(svg: str | None, colour: str) -> int:
    assert svg is not None
    return len(re.findall(f'<path [^>]*stroke="{colour}"', svg))


def test_seeds_are_thin_lines_beside_their_mean() -> None:
    for seeds, lines in ((SEEDS, 3), (SEEDS[:1], 1)):
        svg = layers_figure("x", "title", LAYERS, [Panel("t", [Line(seeds, "#123456")])])
        assert len(re.findall(r'<path [^>]*fill="none"[^>]*stroke="#123456"', svg or "")) == lines
    assert 'aria-label="title"' in (svg or "")


def test_a_control_is_one_dashed_line() -> None:
    svg = layers_figure("x", "title", LAYERS, [Panel("t", [Line(SEEDS, "#123456", DASHED, is_control=True)])])
    assert strokes(svg, "#123456") == 1


def test_panels_without_a_value_are_left_out() -> None:
    known, unknown = (Panel(title, [Line(seeds, "#123456")]) for title, seeds in (("shown", SEEDS), ("lost", [])))
    svg = layers_figure("x", "title", LAYERS, [known, unknown])
    assert svg is not None
    assert "shown" in svg
    assert "lost" not in svg
    assert layers_figure("x", "title", LAYERS, [unknown]) is None


def test_values_are_taken_by_seed_and_only_where_they_are_known() -> None:
    rows = [
        {"view": view, "layer": layer, "measure": measure, "value": value, "seed": seed}
        for view, layer, measure, value, seed in (
            ("cartesian", "conv1_1", "m", 1.0, 3),
            ("cartesian", "conv1_2", "m", 2.0, 3),
            ("cartesian", "conv1_1", "m", 4.0, 5),
            ("cartesian", "conv1_2", "m", float("nan"), 5),
            ("log_polar", "conv1_1", "m", 8.0, 5),
            ("cartesian", "conv1_1", "other", 9.0, 5),
        )
    ]
    assert values_by_seed(rows, "m", "cartesian") == [{"conv1_1": 1.0, "conv1_2": 2.0}, {"conv1_1": 4.0}]
    of_run = [{name: value for name, value in row.items() if name != "seed"} for row in rows[:2]]
    assert values_by_seed(of_run, "m", "cartesian") == [{"conv1_1": 1.0, "conv1_2": 2.0}]
