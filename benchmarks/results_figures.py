"""Figures of committed results, drawn from the same numbers as the tables of the documents.

`python -m benchmarks.results` draws them again into docs/images; a test compares.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lp_core.measures.comparison import PairedDifference
from lp_core.report.svg import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Seeds = Mapping[int, float]
"""Value by seed."""


@dataclass(frozen=True)
class Line:
    """One line of a panel: a view's values along x, a row a seed; its style is matplotlib's."""

    view: str
    seeds: Sequence[Sequence[float]]
    style: str = "-"


@dataclass(frozen=True)
class Panel:
    """One panel: its title, x with the label below it, the names of x if it has no scale, and lines.

    `step` is the distance of ticks where it is not left to matplotlib.
    """

    title: str
    label: str
    x: Sequence[float]
    lines: Sequence[Line]
    ticks: Sequence[str] = ()
    step: float = 0


def differences_figure(rows: Mapping[str, PairedDifference], label: str) -> str:
    """Return an SVG: a row a name, with every seed's difference as a dot and the mean with its interval.

    Args:
        rows: differences by name, from top to bottom.
        label: of the axis.
    """

    def draw(axes: Axes) -> None:
        axes.axvline(0, color="#64635f", linewidth=0.8)
        for place, found in enumerate(rows.values()):
            axes.plot(
                found.difference_S, np.full(len(found.difference_S), place), "o", color="#64635f", alpha=0.45, ms=4
            )
            low, high = found.interval.low, found.interval.high
            if found.interval.n > 1:
                axes.plot([low, high], [place, place], color=COLOURS["log_polar"], linewidth=2)
            axes.plot(found.interval.estimate, place, "D", color=COLOURS["log_polar"], ms=5)
        axes.set_yticks(range(len(rows)), list(rows))
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlabel(label)
        axes.grid(axis="x", linewidth=0.5, color="#dddddd")

    return _svg(draw, 0.9 + 0.3 * len(rows))


def seeds_figure(rows: Mapping[str, tuple[Seeds, Seeds]], label: str) -> str:
    """Return an SVG: a row a data set, the ordinary view's seeds above the log-polar view's, equal seeds joined.

    Args:
        rows: values of both views by seed, by name.
        label: of the axis.
    """

    def draw(axes: Axes) -> None:
        for place, (ordinary, log_polar) in enumerate(rows.values()):
            for seed in sorted(set(ordinary) & set(log_polar)):
                ends = ordinary[seed], log_polar[seed]
                axes.plot(ends, (place - 0.2, place + 0.2), color="#bbbbbb", linewidth=0.8, zorder=1)
            for side, (view, values) in enumerate(zip(COLOURS, (ordinary, log_polar), strict=True)):
                at = np.full(len(values), place - 0.2 + 0.4 * side)
                title = ("ordinary", "log-polar")[side] if place == 0 else None
                axes.plot(list(values.values()), at, "o", color=COLOURS[view], ms=5, label=title)
        axes.set_yticks(range(len(rows)), list(rows))
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlabel(label)
        axes.grid(axis="x", linewidth=0.5, color="#dddddd")
        axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.0), ncols=2, borderaxespad=-1.6)

    return _svg(draw, 1.1 + 0.6 * len(rows))


def panels_figure(panels: Sequence[Panel], columns: int = 2) -> str:
    """Return an SVG of panels with a line for each view, kind of line and seed, and their means bold."""
    from matplotlib.ticker import MultipleLocator

    def draw(every: Axes | Sequence[Axes]) -> None:
        for axes, panel in zip(np.ravel(every), panels, strict=False):
            for line in panel.lines:
                style = {"color": COLOURS[line.view], "linestyle": line.style}
                for y in line.seeds:
                    axes.plot(panel.x, y, linewidth=0.6, alpha=0.45, **style)
                axes.plot(panel.x, np.mean(line.seeds, axis=0), linewidth=1.6, **style)
            axes.set_title(panel.title, fontsize=9, loc="left")
            if panel.ticks:
                axes.set_xticks(panel.x, panel.ticks, rotation=60, fontsize=7)
            if panel.step:
                axes.xaxis.set_major_locator(MultipleLocator(panel.step))
            axes.set_xlabel(panel.label)
            axes.set_ylim(bottom=0)
            axes.grid(linewidth=0.5, color="#dddddd")

    rows = -(-len(panels) // columns)
    return _svg(draw, 2.4 * rows, rows, columns)


def _svg(draw: Callable[..., None], height: float, rows: int = 1, columns: int = 1) -> str:
    """An SVG on white, the same text for the same numbers."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.hashsalt": "results", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(6.5, height), layout="constrained", facecolor="white")
        every = figure.subplots(rows, columns)
        for axes in np.ravel(every):
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.tick_params(length=0)
            axes.set_axisbelow(True)
        draw(every)
        picture = io.StringIO()
        figure.savefig(picture, format="svg", metadata={"Date": None, "Creator": None})
    lines = (line.rstrip() for line in picture.getvalue().splitlines())
    return "\n".join(lines) + "\n"
