"""Training curves as small SVG pictures that take on the colours and the font of the page around them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from lp_core.settings import ViewName

Metrics = Sequence[Mapping[str, Any]]

COLOURS: dict[ViewName, str] = {"cartesian": "#0072b2", "log_polar": "#d55e00"}
"""Distinguishable with every kind of colour vision. Source: Okabe & Ito 2008, "Color universal design"."""
_INK, _RULE = "#010203", "#010204"
_VARIABLES = {
    COLOURS["cartesian"]: "var(--cartesian, #0072b2)",
    COLOURS["log_polar"]: "var(--log-polar, #d55e00)",
    _INK: "currentColor",
    _RULE: "var(--rule, #cccccc)",
}
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
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    settings: dict[Any, Any] = {
        "svg.hashsalt": name,
        "svg.fonttype": "none",
        "font.size": 9,
        "text.color": _INK,
        "axes.labelcolor": _INK,
        "axes.edgecolor": _RULE,
        "xtick.color": _RULE,
        "ytick.color": _RULE,
        "xtick.labelcolor": _INK,
        "ytick.labelcolor": _INK,
        "grid.color": _RULE,
    }
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(4.2, 2.7), layout="constrained")
        axes = figure.subplots()
        for order, (view, (training, validation)) in enumerate(curves.items()):
            colour = COLOURS[view]
            # Equal learning rates overlap: dashes keep the first view's line visible.
            alone: dict[str, Any] = {"linewidth": 2, "linestyle": (0, (3, 3)) if order else "solid"}
            style = {"linewidth": 1.2, "alpha": 0.55} if len(validation) else alone
            axes.plot(training[:, 0], training[:, 1], color=colour, **style)
            axes.plot(validation[:, 0], validation[:, 1], color=colour, linewidth=2, marker="o", markersize=3)
        axes.set_title(label, loc="left", fontsize=9.5, pad=8)
        axes.set_xlabel("Epoch")
        axes.set_ylim(bottom=0)
        axes.margins(x=0.02)
        axes.set_xlim(left=0)
        axes.grid(axis="y", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.spines[["top", "right", "left"]].set_visible(False)
        picture = io.BytesIO()
        figure.savefig(picture, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _for_page(picture.getvalue().decode(), label)


def _for_page(svg: str, title: str) -> str:
    """Only the element, without inline styles (a strict page forbids them), fixed size or ids that others may have."""
    view_box = re.search(r'viewBox="[^"]*"', svg)
    assert view_box is not None
    body = svg[svg.index("<defs>") if "<defs>" in svg else svg.index("<g") : svg.rindex("</svg>")]
    body = re.sub(r"<style.*?</style>|<metadata>.*?</metadata>|<!--.*?-->", "", body, flags=re.S)
    body = re.sub(r' id="(?!m[0-9a-f]{8,}|p[0-9a-f]{8,})[^"]*"', "", body)
    body = re.sub(r' style="([^"]*)"', _as_attributes, body)
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, variable)
    return f'<svg {view_box[0]} role="img" aria-label="{title}">{body}</svg>'


def _as_attributes(style: re.Match[str]) -> str:
    attributes = ""
    for declaration in style[1].split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            name, value = "font-size", value.split()[0].removesuffix("px")
        if name and name != "font-family":
            attributes += f' {name}="{value}"'
    return attributes
