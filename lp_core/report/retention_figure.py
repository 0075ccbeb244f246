"""The figure of retention: what the median channel of every layer keeps, by angle and by octave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lp_core.report.svg import COLOURS, INK, drawing, plain
from lp_core.report.tile import VIEW_TITLES
from lp_core.settings import ViewName

AXES = {"rotation": ("Angle (degrees)", range(0, 361, 90)), "scale": ("Octaves", (-1, -0.5, 0, 0.5, 1))}
PALEST = 0.25
"""Opacity of the first layer; the last has 1. Our choice."""


def retention_figure(rows: Sequence[Mapping[str, Any]], view: ViewName) -> str | None:
    """Draw the median channel's curve of each layer of a view, deeper layers stronger; dashed: a half.

    Args:
        rows: of measures/retention.parquet.
        view: whose network.

    Returns:
        An `<svg>` element; None if there are no rows.
    """
    mine = [row for row in rows if row["view"] == view]
    if not mine:
        return None
    layers = list(dict.fromkeys(row["layer"] for row in mine))  # in the network's order
    with drawing(f"retention {view}", 4.6) as picture:
        every = picture.figure.subplots(len(AXES), 1)
        for axes, (transform, (label, ticks)) in zip(every, AXES.items(), strict=True):
            axes.axhline(50, color=INK, linewidth=0.8, linestyle=(0, (4, 2)))
            for number, layer in enumerate(layers):
                points = [(row["value"], row["median"]) for row in mine if _is(row, layer, transform)]
                if transform == "rotation":  # the circle closes
                    points += [(points[0][0] + 360, points[0][1])] if points else []
                shade = PALEST + (1 - PALEST) * number / max(1, len(layers) - 1)
                at, kept = [value for value, _ in points], [100 * median for _, median in points]
                axes.plot(at, kept, color=COLOURS[view], alpha=shade, linewidth=1.4)
            plain(axes, f"Activation kept (%), {VIEW_TITLES[view]}" if axes is every[0] else "")
            axes.set_ylim(bottom=0)
            axes.set_xticks(list(ticks))
            axes.set_xlabel(label)
        return picture.element(f"Activation that channels keep under rotation and scale, {VIEW_TITLES[view]}")


def _is(row: Mapping[str, Any], layer: str, transform: str) -> bool:
    return (row["layer"], row["transform"]) == (layer, transform)
