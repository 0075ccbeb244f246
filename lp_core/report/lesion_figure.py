"""The figure of the lesion test: top-1 accuracy with cells of the input blanked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lp_core.report.svg import COLOURS, INK, drawing, plain
from lp_core.settings import ViewName

CONDITIONS = {
    "none": "nothing blanked",
    "fovea": "fovea",
    "equal_cells": "as many cells elsewhere",
    "equal_area": "as much photograph elsewhere",
}
"""Conditions of lesion.parquet in words."""
SMALLER = {
    "fovea_4px": "inner 4 px",
    "equal_cells_4px": "as many cells as the inner 4 px elsewhere",
    "equal_area_4px": "as much photograph as the inner 4 px elsewhere",
}
"""Those of the smaller fovea, where the fovea itself has most of the rings."""


def lesion_figure(rows: Sequence[Mapping[str, Any]], views: Sequence[ViewName]) -> str | None:
    """Draw top-1 by condition, every draw as a dot and their mean as a line.

    Args:
        rows: of lesion.parquet.
        views: whose networks.

    Returns:
        An `<svg>` element; None if there are no rows.
    """
    words = CONDITIONS | SMALLER
    conditions = [name for name in words if any(row["condition"] == name for row in rows)]
    if not conditions:
        return None
    shown = [view for view in views if any(row["view"] == view for row in rows)]
    with drawing("lesion", 0.75 + 0.34 * len(conditions)) as picture:
        axes = picture.figure.subplots()
        for place, condition in enumerate(conditions):
            for order, view in enumerate(shown):
                top1 = [row["top1"] for row in rows if (row["view"], row["condition"]) == (view, condition)]
                if not top1:
                    continue
                middle = place + 0.28 * (order - (len(shown) - 1) / 2)
                axes.plot(top1, [middle] * len(top1), "o", color=COLOURS[view], markersize=4, alpha=0.55)
                mean = float(np.mean(top1))
                axes.plot([mean] * 2, [middle - 0.13, middle + 0.13], color=COLOURS[view], linewidth=2)
                axes.annotate(f"{mean:.1f}", (mean, middle - 0.14), fontsize=8, color=INK, ha="center", va="bottom")
        plain(axes, "", grid="x")
        axes.set_yticks(range(len(conditions)), [words[name] for name in conditions])
        axes.set_ylim(len(conditions) - 0.5, -0.6)
        axes.set_xlim(0, 100)
        axes.set_xlabel("Top-1 accuracy (%)")
        return picture.element("Top-1 accuracy with parts of the input blanked")
