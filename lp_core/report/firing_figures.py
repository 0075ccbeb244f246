"""The figures of where channels fire: by ring, against cells and against the photograph's area, and by angle."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lp_core.measures.firing import enrichment
from lp_core.report.svg import COLOURS, INK, RULE, SOFT, drawing, plain
from lp_core.settings import ViewName

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Rows = Sequence[Mapping[str, Any]]
"""Rows of firing.parquet or angles.parquet."""

EXPECTED = {"cell_share": "Cortex: against cells", "area_share": "Photograph: against its area"}
"""What activation by ring is compared with, and what the panel is called."""
NETWORKS: dict[str, dict[str, Any]] = {
    "untrained": {"color": INK, "linewidth": 1.3, "linestyle": (0, (4, 2))},
    "scrambled": {"color": SOFT, "linewidth": 1.5, "linestyle": (0, (1, 1.2))},
    "random-fixations": {"color": INK, "linewidth": 1.0, "linestyle": "solid"},
}
"""Lines of the controls, beneath the trained network's."""
_SCALE = (np.log1p, np.expm1)
"""Of the radius, there and back."""
_TICKS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)


def ring_figure(
    rows: Rows, view: ViewName, layer: str, expected: str, *, degrees_per_px: float | None = None
) -> str | None:
    """Draw log2 enrichment over the radius in px: the trained network, its controls, and 0 for uniform activation.

    Args:
        rows: of firing.parquet.
        view: whose network.
        layer: which layer.
        expected: one of `EXPECTED`.
        degrees_per_px: visual angle of a px, for a second axis above; none unless given.

    Returns:
        An `<svg>` element, with a gap where nothing is active; None if the layer was not measured.
    """
    curves = {network: _curve(rows, view, layer, network, expected) for network in (*NETWORKS, "trained")}
    if not len(curves["trained"][1]):
        return None
    with drawing(f"rings {view} {layer} {expected}", 2.5) as picture:
        axes = picture.figure.subplots()
        axes.axhline(0, color=INK, linewidth=0.7)
        for network, (edge_E, value_B) in curves.items():
            style = NETWORKS.get(network, {"color": COLOURS[view], "linewidth": 2.6})
            if len(value_B):
                axes.stairs(np.where(np.isfinite(value_B), value_B, np.nan), edge_E, baseline=None, **style)
        edges = curves["trained"][0]
        plain(axes, f"{layer}. {EXPECTED[expected]}")
        axes.set_xscale("function", functions=_SCALE)
        axes.set_xlim(max(0.0, edges[0]), edges[-1])
        ticks = [tick for tick in _TICKS if edges[0] <= tick <= edges[-1]]
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.set_xticks([], minor=True)
        axes.set_xlabel("Radius (px of the photograph)")
        axes.set_ylabel("log2 enrichment")
        if degrees_per_px:
            degrees_above(axes, degrees_per_px)
        lowest, highest = axes.get_ylim()
        axes.set_ylim(min(lowest, -1), max(highest, 1))
        return picture.element(f"Activation of {layer} by distance from the fixation. {EXPECTED[expected]}")


def angle_figure(rows: Rows, view: ViewName, layers: Sequence[str]) -> str | None:
    """Draw each layer's activation by angle as a small polar plot: trained over untrained, a circle for none preferred.

    The curve is the sum of the harmonics that were measured, so finer detail is missing.

    Returns:
        An `<svg>` element; None if no layer was measured.
    """
    angle = np.linspace(0, 2 * np.pi, 181)
    curves = {
        (layer, network): angular_share(
            [row for row in rows if (row["view"], row["layer"], row["network"]) == (view, layer, network)], angle
        )
        for layer in layers
        for network in ("untrained", "trained")
    }
    known = [curve for curve in curves.values() if curve is not None]
    if not known:
        return None
    columns = 5
    lines = -(-len(layers) // columns)
    with drawing(f"angles {view}", 1.02 * lines) as picture:
        grid = picture.figure.subplots(lines, columns, subplot_kw={"projection": "polar"}, squeeze=False)
        limit = max(1.5, *(float(curve.max()) for curve in known))
        for axes, layer in zip(grid.flat, [*layers, *[""] * (lines * columns - len(layers))], strict=True):
            axes.set_theta_direction(-1)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines["polar"].set_visible(False)
            axes.set_ylim(0, 1.05 * limit)
            if not layer:
                continue
            axes.set_title(layer, fontsize=8, pad=2)
            axes.plot(angle, np.ones_like(angle), color=RULE, linewidth=0.8)
            for network, style in (("untrained", NETWORKS["untrained"]), ("trained", {"color": COLOURS[view]})):
                curve = curves[layer, network]
                if curve is not None:
                    axes.plot(angle, curve, **{"linewidth": 1.8, **style})
        return picture.element("Activation by angle, layer by layer")


def angular_share(rows: Rows, angle: np.ndarray) -> np.ndarray | None:
    """Return the density of activation at some angles, 1 where none is preferred; None without rows.

    Args:
        rows: of one layer and network: order, resultant, and direction in degrees.
        angle: radians, clockwise on the screen from the right.
    """
    known = [row for row in rows if row["resultant"] is not None and math.isfinite(row["resultant"])]
    if not known:
        return None
    terms = [2 * row["resultant"] * np.cos(row["order"] * (angle - math.radians(row["direction"]))) for row in known]
    return np.maximum(1 + np.sum(terms, 0), 0.0)


def degrees_above(axes: Axes, degrees_per_px: float) -> Axes:
    """Put a second axis above one of radii in px, in degrees of visual angle, and return it."""
    above = axes.twiny()  # a secondary axis of Matplotlib would be linear
    above.set_xscale("function", functions=_SCALE)
    first, last = axes.get_xlim()
    above.set_xlim(first, last)
    ticks = [tick for tick in _TICKS if first <= tick / degrees_per_px <= last]
    above.set_xticks([tick / degrees_per_px for tick in ticks], [f"{tick}°" for tick in ticks], fontsize=7)
    above.set_xticks([], minor=True)
    above.tick_params(length=2, pad=1)
    for spine in above.spines.values():
        spine.set_visible(False)
    return above


def _curve(rows: Rows, view: str, layer: str, network: str, expected: str) -> tuple[np.ndarray, np.ndarray]:
    """Edges in px [bins + 1] and log2 enrichment [bins]; both are empty if it was not measured."""
    bins = sorted(
        (row for row in rows if (row["view"], row["layer"], row["network"]) == (view, layer, network)),
        key=lambda row: row["bin"],
    )
    if not bins:
        return np.zeros(0), np.zeros(0)
    share_B, expected_B = (np.array([row[name] for row in bins], np.float64) for name in ("share", expected))
    edge_E = np.array([row["radius_from"] for row in bins] + [bins[-1]["radius_to"]], np.float64)
    return edge_E, enrichment(share_B, expected_B)
