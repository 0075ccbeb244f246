"""Training curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from lp_core.report.svg import COLOURS, drawing, plain
from lp_core.settings import ViewName

Metrics = Sequence[Mapping[str, Any]]

_POINTS = 300

_PLOTS = {
    "loss": ("Loss (nats)", "loss", "validation_loss"),
    "top1": ("Top-1 accuracy (%)", "top1", "validation_top1"),
    "learning_rate": ("Learning rate", "learning_rate", None),
}


def training_curves(metrics: Mapping[ViewName, Metrics]) -> dict[str, str]:
    """Draw loss, top-1 accuracy and learning rate of all views over the epochs.

    Training is a thin line (windows of a long run averaged), validation a strong one with dots.

    Args:
        metrics: the lines of each view's metrics.jsonl. A line has `epoch` (passes over the data so far, with fraction)
            and any of `loss`, `top1`, `learning_rate` (training), `validation_loss`, `validation_top1`. Losses are in
            nats, accuracies in percent.

    Returns:
        `<svg>` elements by name (`loss`, `top1`, `learning_rate`) to be put into a page, only those that any line has
        values for. The same metrics give the same text. Colours come from the CSS variables `--cartesian`,
        `--log-polar` and `--rule`.
    """
    drawn = {}
    for name, (label, training, validation) in _PLOTS.items():
        curves = {view: (_curve(lines, training), _curve(lines, validation)) for view, lines in metrics.items()}
        if any(len(curve) for pair in curves.values() for curve in pair):
            drawn[name] = _draw(name, label, curves)
    return drawn


def _curve(lines: Metrics, key: str | None) -> np.ndarray:
    """Float64 [points, 2], epochs passed and value, at most `_POINTS` long."""
    points = [(line["epoch"], line[key]) for line in lines if key and line.get(key) is not None]
    curve = np.array(points, np.float64).reshape(-1, 2)
    window = -(-len(curve) // _POINTS) or 1
    return np.array([curve[start : start + window].mean(0) for start in range(0, len(curve), window)]).reshape(-1, 2)


def _draw(name: str, label: str, curves: Mapping[ViewName, Iterable[np.ndarray]]) -> str:
    from matplotlib.ticker import MaxNLocator

    with drawing(name, 2.7) as picture:
        axes = picture.figure.subplots()
        for order, (view, (training, validation)) in enumerate(curves.items()):
            colour = COLOURS[view]
            # Equal learning rates overlap: dashes keep the first view's line visible.
            alone: dict[str, Any] = {"linewidth": 2, "linestyle": (0, (3, 3)) if order else "solid"}
            style = {"linewidth": 1.2, "alpha": 0.55} if len(validation) else alone
            axes.plot(training[:, 0], training[:, 1], color=colour, **style)
            axes.plot(validation[:, 0], validation[:, 1], color=colour, linewidth=2, marker="o", markersize=3)
        plain(axes, label)
        axes.set_xlabel("Epoch")
        axes.set_ylim(bottom=0)
        axes.margins(x=0.02)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        return picture.element(label)
