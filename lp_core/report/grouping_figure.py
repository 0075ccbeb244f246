"""The figure of grouping: every channel's G by layer, over what chance and an untrained network give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lp_core.report.svg import COLOURS, INK, RULE, SOFT, drawing, plain
from lp_core.settings import ViewName

BANDWIDTH = 1 / 36
"""Standard deviation of the kernel that smooths G: one pair of the 36 of nine images. Our choice."""
NULL_SD = 1.96
"""Half-width of the band of chance in standard deviations: 95 % of a normal distribution."""
_HALF = 0.42
"""Height of a half-violin; rows are 1 apart."""


@dataclass(frozen=True, kw_only=True)
class LayerGrouping:
    """G in one layer of one view.

    Attributes:
        value_C: G of its complete channels, 0 to 1.
        expected, sd: mean and standard deviation of the layer's mean under N1.
        untrained: mean of the untrained network's channels; None if that was not measured.
    """

    value_C: np.ndarray
    expected: float
    sd: float
    untrained: float | None = None

    @property
    def mean(self) -> float:
        """Mean over the channels."""
        return float(np.mean(self.value_C))


def grouping_figure(grouping: Mapping[ViewName, Mapping[str, LayerGrouping]], layers: Sequence[str]) -> str:
    """Draw half-violins of G, one row for each layer: the ordinary view above the line, the log-polar one beneath.

    Args:
        grouping: by view and layer; a layer may be missing.
        layers: rows from above.

    Returns:
        An `<svg>` element.
    """
    with drawing("grouping", 0.75 + 0.44 * len(layers)) as picture:
        axes = picture.figure.subplots()
        highest = 0.0
        for row, layer in enumerate(layers):
            axes.axhline(row, color=RULE, linewidth=0.6, zorder=0)
            for view, of_view in grouping.items():
                if layer in of_view and len(of_view[layer].value_C):
                    _half(axes, row, -1 if view == "cartesian" else 1, of_view[layer], COLOURS[view])
                    highest = max(highest, float(np.quantile(of_view[layer].value_C, 0.995)))
        plain(axes, "", grid="x")
        axes.set_xlim(0, min(1.0, 1.05 * highest + BANDWIDTH))
        axes.set_ylim(len(layers) - 0.45, -0.55)
        axes.set_yticks(range(len(layers)), layers)
        axes.set_xlabel("G: share of image pairs of one class")
        return picture.element("Half-violins of G, the share of pairs of one class among the nine images, by layer")


def density(value_C: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return a smooth density of values in 0..1 at some points, mirrored at both ends; its largest value is 1."""
    mirrored = np.concatenate([value_C, -value_C, 2 - value_C])
    total = np.exp(-0.5 * ((at[:, None] - mirrored) / BANDWIDTH) ** 2).sum(1)
    return total / total.max()


def _half(axes: object, row: int, side: int, of_layer: LayerGrouping, colour: str) -> None:
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    at = np.linspace(0, 1, 241)
    edge = row + side * _HALF * density(of_layer.value_C, at)
    drawn = (at >= of_layer.value_C.min() - 2 * BANDWIDTH) & (at <= of_layer.value_C.max() + 2 * BANDWIDTH)
    axes.fill_between(at[drawn], row, edge[drawn], color=colour, alpha=0.28, linewidth=0)
    axes.plot(at[drawn], edge[drawn], color=colour, linewidth=0.8)
    ends = sorted((row, row + side * _HALF))
    half = NULL_SD * of_layer.sd
    axes.fill_betweenx(ends, of_layer.expected - half, of_layer.expected + half, color=SOFT, alpha=0.35, linewidth=0)
    if of_layer.untrained is not None:
        axes.plot([of_layer.untrained] * 2, ends, color=INK, linewidth=1.1, linestyle=(0, (1.5, 1.2)))
    axes.plot([of_layer.mean] * 2, ends, color=colour, linewidth=2.4)
