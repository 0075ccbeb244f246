"""The figure of a sweep: one number of every run, seeds joined across the two views, controls behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lp_core.report.svg import COLOURS, INK, SOFT, drawing, plain
from lp_core.settings import VIEW_NAMES, ViewName

Seeds = Mapping[int, float]
"""Value by seed."""


@dataclass(frozen=True, kw_only=True)
class SeedValues:
    """One number of the runs of one variant.

    Attributes:
        trained: by view and seed.
        controls: the same by name of the control, `untrained` or `shuffled`.
    """

    trained: Mapping[ViewName, Seeds]
    controls: Mapping[str, Mapping[ViewName, Seeds]] = field(default_factory=dict)


CONTROLS: dict[str, dict[str, Any]] = {
    "untrained": {"facecolor": SOFT, "alpha": 0.3, "linewidth": 0},
    "shuffled": {"facecolor": "none", "edgecolor": SOFT, "linewidth": 1},
}
"""Bands of the controls, from the lowest to the highest seed."""
_ROW = {"cartesian": -0.2, "log_polar": 0.2}


def seeds_figure(
    name: str, variants: Mapping[str, SeedValues], label: str, *, lines: Mapping[str, float] | None = None
) -> str | None:
    """Draw a number of every run: variants one below the other, the ordinary view above the log-polar one.

    Args:
        name: of the drawing.
        variants: the values by variant, in order.
        label: of the axis.
        lines: values that have a meaning, such as chance, by a word for it.

    Returns:
        An `<svg>` element; None if no run has the number.
    """
    known = [value for values in variants.values() for seeds in values.trained.values() for value in seeds.values()]
    if not known:
        return None
    many = len(variants) > 1
    with drawing(f"seeds {name}", 0.8 + (0.85 if many else 0.7) * len(variants)) as picture:
        axes = picture.figure.subplots()
        for value in (lines or {}).values():
            axes.axvline(value, color=INK, linewidth=0.8, linestyle=(0, (3, 2)))
        for place, values in enumerate(variants.values()):
            _draw_variant(axes, place, values)
        plain(axes, label, grid="x")
        axes.set_yticks(range(len(variants)) if many else [], list(variants) if many else [])
        axes.set_ylim(len(variants) - 0.45, -0.55)
        axes.margins(x=0.05)
        return picture.element(f"{label}, every seed as a dot")


def _draw_variant(axes: object, place: int, values: SeedValues) -> None:
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    for control, style in CONTROLS.items():
        for view, seeds in values.controls.get(control, {}).items():
            ends, row = list(seeds.values()), place + _ROW[view]
            if ends:
                low, high = min(ends), max(ends)
                axes.fill_betweenx([row - 0.17, row + 0.17], low, high, zorder=1, **style)
    ordinary, log_polar = (values.trained.get(view, {}) for view in VIEW_NAMES)
    for seed in set(ordinary) & set(log_polar):
        pair = [ordinary[seed], log_polar[seed]]
        axes.plot(pair, [place + _ROW[view] for view in VIEW_NAMES], color=SOFT, linewidth=0.7, zorder=2)
    for view, seeds in values.trained.items():
        row = place + _ROW[view]
        axes.plot(list(seeds.values()), [row] * len(seeds), "o", color=COLOURS[view], markersize=5, zorder=3)
        if len(seeds) > 1:
            mean = float(np.mean(list(seeds.values())))
            axes.plot([mean] * 2, [row - 0.15, row + 0.15], color=INK, linewidth=1.6, zorder=2.5)
