"""The figure of evolution: how many channels of each layer are still to be born, with what else changes beneath."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lp_core.report.measured import is_known
from lp_core.report.svg import COLOURS, INK, SOFT, drawing, plain
from lp_core.report.tile import VIEW_TITLES
from lp_core.settings import ViewName

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVES = {
    "unborn_share": "Channels not yet born",
    "overlap": "Images shared with the last nine",
    "weight_distance": "Way left to the last weights",
}
"""Columns that are drawn layer by layer, from above, with their titles."""
LEVELS = {"chance": (1, 2), "ceiling": (5, 2)}
"""Columns that are drawn over the overlap, averaged over layers, with their dashes."""
PALEST = 0.25
"""Opacity of the first layer; the last has 1. Our choice."""


def evolution_figure(rows: Sequence[Mapping[str, Any]], view: ViewName) -> str | None:
    """Draw the curves of all layers of a view by epoch, deeper layers darker, and the learning rate beneath.

    Args:
        rows: of measures/evolution.parquet.
        view: whose network.

    Returns:
        An `<svg>` element; None if there are no rows.
    """
    mine = [row for row in rows if row["view"] == view]
    if not mine:
        return None
    layers = list(dict.fromkeys(row["layer"] for row in mine))  # in the network's order
    with drawing(f"evolution {view}", 7.2) as picture:
        every = picture.figure.subplots(4, 1, sharex=True, gridspec_kw={"height_ratios": [3, 3, 2, 1.2]})
        for axes, (column, title) in zip(every, CURVES.items(), strict=False):
            for number, layer in enumerate(layers):
                of_layer = [row for row in mine if row["layer"] == layer and is_known(row[column])]
                shade = PALEST + (1 - PALEST) * number / max(1, len(layers) - 1)
                _draw(axes, column, of_layer, COLOURS[view], shade)
            plain(axes, f"{title}, {VIEW_TITLES[view]}" if axes is every[0] else title)
        every[0].set_ylim(0, 1.02)
        every[1].set_ylim(0, 9)
        for column, dashes in LEVELS.items():
            every[1].plot(*_mean_by_epoch(mine, column), color=INK, linewidth=1, linestyle=(0, dashes))
        every[2].set_ylim(0, 1.05)
        rate = {row["epoch"]: row["learning_rate"] for row in mine}
        every[3].plot(list(rate), list(rate.values()), "-o", color=SOFT, linewidth=1.2, markersize=3)
        plain(every[3], "Learning rate")
        every[3].set_ylim(0, 1.15 * max(rate.values()))
        every[3].set_xlabel("Epoch")
        every[3].xaxis.get_major_locator().set_params(integer=True)
        return picture.element(f"Evolution of the channels of every layer, {VIEW_TITLES[view]}")


def _mean_by_epoch(rows: Sequence[Mapping[str, Any]], column: str) -> tuple[list[int], list[float]]:
    """Epochs, and a column's mean over the layers that have it."""
    by_epoch: dict[int, list[float]] = {}
    for row in rows:
        if is_known(row[column]):
            by_epoch.setdefault(row["epoch"], []).append(row[column])
    return list(by_epoch), [float(np.mean(values)) for values in by_epoch.values()]


def _draw(axes: Axes, column: str, rows: Sequence[Mapping[str, Any]], colour: str, shade: float) -> None:
    epochs, values = [row["epoch"] for row in rows], [row[column] for row in rows]
    if column == "unborn_share":
        # A birth is known to lie after the checkpoint before: the curve falls at the checkpoint that saw it.
        axes.step([0, *epochs], [1.0, *values], where="post", color=colour, alpha=shade, linewidth=1.4)
    else:
        # At the last checkpoint every nine agrees with itself, and every layer has arrived.
        shown = slice(None, -1) if column == "overlap" else slice(None)
        axes.plot(np.array(epochs)[shown], np.array(values)[shown], color=colour, alpha=shade, linewidth=1.4)
