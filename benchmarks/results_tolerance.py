"""Table and figures of committed results about tolerance: curves of accuracy, and numbers by layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.results_figures import Line, Panel, panels_figure
from benchmarks.results_files import VIEWS, interval_text, mean_text, paired, read
from benchmarks.timing import table_head, table_row

DEGREES_OF_TURN = 360
MEANS: dict[str, Callable[[Sequence[float], Sequence[float]], float]] = {
    "at 0": lambda value, top1: top1[value.index(0)],
    "mean": lambda _, top1: float(np.mean(top1)),
}
"""What is said of a curve."""
MASKS = {"window": "-", "scotoma": "--"}
"""Transforms of one panel, with their lines."""
LAYERED = {
    "Kept over all angles": {"tolerance.retention.rotation": "-"},
    "Kept over two octaves": {"tolerance.retention.scale": "-"},
    "Error of quarter turns": {
        "tolerance.equivariance.quarter_turns": "-",
        "tolerance.equivariance.unmoved": "--",
        "tolerance.equivariance.unrelated": ":",
    },
}
"""Numbers by layer: the title of the panel, and its measures with their lines."""


def curves_table(name: str, *transforms: str) -> list[str]:
    """Top-1 in the middle of curves (upright, things of usual size) and on average over them, by view over seeds."""
    lines = [table_head("photographs", "seeds", "ordinary, %", "log-polar, %", "difference, points [95 %]")]
    for transform in transforms:
        for words, mean_of in MEANS.items():
            ordinary, log_polar = (
                {row["seed"]: mean_of(row["value"], row["top1"]) for row in _curves(name, transform, view)}
                for view in VIEWS
            )
            cells = mean_text(ordinary), mean_text(log_polar), interval_text(paired(log_polar, ordinary))
            lines.append(table_row(f"{transform}: {words}", str(len(ordinary)), *cells))
    return lines


def curves_figure(name: str, half_side: str) -> str:
    """Top-1 by angle, by scale, and by the radius of masks with either fill.

    Args:
        name: of the results.
        half_side: px that a radius of 1 stands for: half the side of the network's input.
    """
    masks = {
        "Window, scotoma (dashed): mean colour": MASKS,
        "The same: another photograph": {f"{mask}_photograph": style for mask, style in MASKS.items()},
    }
    return panels_figure(
        [
            _panel(name, "Turned", "degrees", {"rotation": "-"}, turned=True),
            _panel(name, "Larger or smaller", "octaves", {"scale": "-"}),
            *(_panel(name, title, "radius, px", styles, float(half_side)) for title, styles in masks.items()),
        ]
    )


def _curves(name: str, transform: str, view: str) -> list[dict[str, Any]]:
    return [row for row in read(name)["curves"] if (row["transform"], row["view"]) == (transform, view)]


def _panel(
    name: str, title: str, label: str, styles: dict[str, str], factor: float = 1.0, turned: bool = False
) -> Panel:
    """Curves of some transforms; angles are drawn from half a turn to the left to half a turn to the right."""
    x: list[float] = []
    lines = []
    for transform, style in styles.items():
        for view in VIEWS:
            rows = _curves(name, transform, view)
            x = rows[0]["value"]
            lines.append(Line(view, [row["top1"] for row in rows], style))
    if not turned:
        return Panel(title, label, [factor * value for value in x], lines)
    half = DEGREES_OF_TURN // 2
    order = sorted(range(len(x)), key=lambda place: (x[place] + half) % DEGREES_OF_TURN)
    moved = [Line(each.view, [[y[place] for place in order] for y in each.seeds], each.style) for each in lines]
    angles = [(x[place] + half) % DEGREES_OF_TURN - half for place in order]
    return Panel(title, label, angles, moved, step=DEGREES_OF_TURN / 4)


def layers_figure(name: str) -> str:
    """What channels keep of their activation, and how little maps follow quarter turns, by layer; means over seeds."""
    means: dict[tuple[str, str], dict[str, float]] = {}
    for row in read(name)["values"]:
        means.setdefault((row["measure"], row["view"]), {})[row["layer"]] = row["mean"]
    panels = []
    for title, styles in LAYERED.items():
        layers = list(means[next(iter(styles)), "cartesian"])
        lines = [
            Line(view, [[means[measure, view][layer] for layer in layers]], style)
            for measure, style in styles.items()
            for view in VIEWS
        ]
        panels.append(Panel(title, "", range(len(layers)), lines, layers))
    return panels_figure(panels, columns=3)
