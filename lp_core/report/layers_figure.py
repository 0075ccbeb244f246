"""Numbers of every layer, from the input to the deepest: each seed thin, their mean bold, controls dashed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lp_core.report.measured import Row, is_known
from lp_core.report.svg import INK, drawing, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ByLayer = Mapping[str, float]
SOLID: Any = "-"
DASHED: Any = (0, (4, 2))
DOTTED: Any = (0, (1, 1.5))


@dataclass(frozen=True)
class Line:
    """One number of every layer.

    Args:
        seeds: values by layer, of each seed.
        colour: of the line.
        dashes: of the line.
        is_control: drawn without its seeds, so that it stays behind.
    """

    seeds: Sequence[ByLayer]
    colour: str
    dashes: Any = SOLID
    is_control: bool = False


@dataclass(frozen=True)
class Panel:
    """Lines of one kind, with a title that says what they are.

    Args:
        title: with the unit.
        lines: both views, and controls.
        level: a value that means something, such as 0 or 1, drawn as a thin line.
        percent: whether values are shares, and shown as percent.
    """

    title: str
    lines: Sequence[Line]
    level: float | None = None
    percent: bool = False


def layers_figure(name: str, title: str, layers: Sequence[str], panels: Sequence[Panel]) -> str | None:
    """Draw panels one below the other, layers from left to right.

    Args:
        name: of the drawing; another for each of a page.
        title: for screen readers.
        layers: names in the network's order.
        panels: those without a value are left out.

    Returns:
        An `<svg>` element; None if no panel has a value.
    """
    shown = [panel for panel in panels if any(of_seed for line in panel.lines for of_seed in line.seeds)]
    if not shown:
        return None
    with drawing(name, 0.65 + max(2.2, 1.55 * len(shown))) as picture:
        every = picture.figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        for axes, panel in zip(every, shown, strict=True):
            if panel.level is not None:
                axes.axhline(panel.level, color=INK, linewidth=0.7)
            for line in panel.lines:
                _draw(axes, line, layers, 100 if panel.percent else 1)
            plain(axes, panel.title)
            axes.margins(y=0.1)
        every[-1].set_xlim(-0.5, len(layers) - 0.5)
        every[-1].set_xticks(range(len(layers)), layers, rotation=60, ha="right", rotation_mode="anchor", fontsize=7.5)
        return picture.element(title)


def values_by_seed(rows: Sequence[Row], measure: str, view: str) -> list[dict[str, float]]:
    """Return the values of a measure by layer, of every seed, from rows of values.parquet of a run or a sweep."""
    found: dict[int, dict[str, float]] = {}
    for row in rows:
        if (row["measure"], row["view"]) == (measure, view) and is_known(row["value"]):
            found.setdefault(row.get("seed", 0), {})[row["layer"]] = row["value"]
    return list(found.values())


def _draw(axes: Axes, line: Line, layers: Sequence[str], times: float) -> None:
    if not line.is_control and len(line.seeds) > 1:
        for of_seed in line.seeds:
            at = [place for place, layer in enumerate(layers) if layer in of_seed]
            values = [times * of_seed[layers[place]] for place in at]
            axes.plot(at, values, color=line.colour, linewidth=0.7, alpha=0.5, linestyle=line.dashes)
    known = [[of_seed[layer] for of_seed in line.seeds if layer in of_seed] for layer in layers]
    at = [place for place, values in enumerate(known) if values]
    means = [times * float(np.mean(known[place])) for place in at]
    style: dict[str, Any] = (
        {"linewidth": 1.1} if line.is_control else {"linewidth": 1.8, "marker": "o", "markersize": 3}
    )
    axes.plot(at, means, color=line.colour, linestyle=line.dashes, **style)
