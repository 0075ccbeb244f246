"""The figures of the tolerance test: accuracy by angle, scale, fixation, and size of a window or scotoma."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lp_core.measures.tolerance_conditions import SHIFTS
from lp_core.report.svg import COLOURS, INK, SOFT, drawing, plain
from lp_core.report.tile import VIEW_TITLES
from lp_core.settings import VIEW_NAMES, ViewName

Rows = Sequence[Mapping[str, Any]]
"""Rows of measures/tolerance.parquet, or of tolerance_summary.parquet where it is said."""
HUMAN_DEGREES = 7.4
"""Radius at which a window and a scotoma are worth the same to people who name the gist of scenes of 27 x 27 degrees.
Source: Larson & Loschky 2009, Journal of Vision 9(10):6. We could not verify the size of their field at the source."""
MAPS = {"fixation_crop": "Crop moves", "fixation_gaze": "Gaze moves within the crop"}
_COLOURS = 25
"""Of a map; odd, so that the middle of a difference is white. Our choice."""
_TICKS = (1, 2, 5, 10, 20, 50, 100, 200)


def rotation_figure(rows: Rows) -> str | None:
    """Draw top-1 by angle around a circle, upright at the top, counterclockwise, with simultaneous bands.

    Returns:
        An `<svg>` element; None if it was not measured.
    """
    curves = _curves(rows, "rotation")
    if not curves:
        return None
    with drawing("tolerance rotation", 3.4, 3.4) as picture:
        axes: Any = picture.figure.subplots(subplot_kw={"projection": "polar"})
        axes.set_theta_zero_location("N")
        for view, (angle, top1, low, high) in curves.items():
            closed = [np.append(values, values[0]) for values in (np.radians(angle), top1, low, high)]
            axes.fill_between(closed[0], closed[2], closed[3], color=COLOURS[view], alpha=0.22, linewidth=0)
            axes.plot(closed[0], closed[1], color=COLOURS[view], linewidth=1.8, marker="o", markersize=2.5)
        axes.set_ylim(0, _top(curves))
        axes.set_xticks(np.radians(np.arange(0, 360, 45)), [f"{angle}°" for angle in range(0, 360, 45)])
        axes.set_rlabel_position(22.5)
        axes.set_yticks([tick for tick in axes.get_yticks() if 0 < tick < axes.get_ylim()[1]])
        axes.tick_params(axis="y", labelsize=8, labelcolor=SOFT)
        axes.spines["polar"].set_visible(False)
        return picture.element("Top-1 accuracy in percent by angle of rotation")


def scale_figure(rows: Rows) -> str | None:
    """Draw top-1 by scale, in octaves, with simultaneous bands; None if it was not measured."""
    curves = _curves(rows, "scale")
    if not curves:
        return None
    with drawing("tolerance scale", 2.7) as picture:
        axes = picture.figure.subplots()
        for view, (octaves, top1, low, high) in curves.items():
            axes.fill_between(octaves, low, high, color=COLOURS[view], alpha=0.22, linewidth=0)
            axes.plot(octaves, top1, color=COLOURS[view], linewidth=1.8, marker="o", markersize=3)
        plain(axes, "")
        axes.set_ylim(0, _top(curves))
        ticks = (-1, -0.5, 0, 0.5, 1)
        axes.set_xticks(ticks, [f"{2**tick:.2g}×" for tick in ticks])
        axes.set_xlabel("Size of things against a crop of half the shorter side")
        axes.set_ylabel("Top-1 accuracy (%)")
        return picture.element("Top-1 accuracy by scale")


def fixation_figure(rows: Rows, transform: str) -> str | None:
    """Draw top-1 by fixation as a map for each view, and their difference where there are two.

    Args:
        rows: of tolerance.parquet.
        transform: one of `MAPS`.

    Returns:
        An `<svg>` element; None if it was not measured.
    """
    maps = {view: top1.reshape(len(SHIFTS), -1) for view, (_, top1, _, _) in _curves(rows, transform).items()}
    if not maps:
        return None
    both = len(maps) == len(VIEW_NAMES)
    highest = max(float(values.max()) for values in maps.values())
    with drawing(f"tolerance {transform}", 2.4, 2.9 * (len(maps) + both)) as picture:
        every = picture.figure.subplots(1, len(maps) + both, squeeze=False)[0]
        for axes, (view, values) in zip(every, maps.items(), strict=False):
            drawn = _map(axes, values, "viridis", 0.0, highest, VIEW_TITLES[view].capitalize())
            _key(picture.figure, drawn, axes, "Top-1 (%)")
        if both:
            difference = maps["log_polar"] - maps["cartesian"]
            most = max(1.0, float(np.abs(difference).max()))
            drawn = _map(every[-1], difference, "RdBu_r", -most, most, "Log-polar less ordinary")
            _key(picture.figure, drawn, every[-1], "Points")
        return picture.element(f"Top-1 accuracy by fixation. {MAPS[transform]}")


def mask_figure(rows: Rows, summary: Rows, input_px: int, field_degrees: float | None = None) -> str | None:
    """Draw top-1 by the radius of a window (solid) and of a scotoma (dashed), and where they cross.

    Args:
        rows: of tolerance.parquet.
        summary: of tolerance_summary.parquet; has the crossings and their intervals.
        input_px: side of the network input.
        field_degrees: visual angle that it spans: the axis is then in degrees, and people's crossing is drawn.

    Returns:
        An `<svg>` element; None if it was not measured.
    """
    windows, scotomas = _curves(rows, "window"), _curves(rows, "scotoma")
    if not windows or set(windows) != set(scotomas):
        return None
    unit = 1.0 if field_degrees is None else field_degrees / input_px
    with drawing("tolerance masks", 3.0) as picture:
        axes = picture.figure.subplots()
        for view, style in ((view, style) for view in windows for style in ("-", (0, (4, 2)))):
            radius, top1, low, high = (windows if style == "-" else scotomas)[view]
            radius = radius * input_px / 2 * unit
            axes.fill_between(radius, low, high, color=COLOURS[view], alpha=0.15, linewidth=0)
            axes.plot(radius, top1, color=COLOURS[view], linewidth=1.8, linestyle=style)
        height = _top(windows | scotomas)
        for order, view in enumerate(windows):
            crossing = next((row for row in summary if (row["view"], row["measure"]) == (view, "crossing_px")), None)
            if crossing is None or crossing["value"] is None or not crossing["value"]:
                continue
            at, y = crossing["value"] * unit, height * (0.97 - 0.05 * order)
            axes.plot([at, at], [0, y], color=COLOURS[view], linewidth=1, linestyle=(0, (1, 1.5)))
            axes.plot(at, y, "v", color=COLOURS[view], markersize=5)
            if crossing["low"] and crossing["high"]:
                axes.plot([crossing["low"] * unit, crossing["high"] * unit], [y, y], color=COLOURS[view], linewidth=2)
        if field_degrees is not None:
            axes.axvline(HUMAN_DEGREES, color=INK, linewidth=1.1, linestyle=(0, (1.5, 1.2)))
        plain(axes, "")
        axes.set_xscale("log")
        lowest, largest = (windows[next(iter(windows))][0][end] * input_px / 2 * unit for end in (0, -1))
        shown = HUMAN_DEGREES if field_degrees is not None else largest
        axes.set_xlim(0.95 * lowest, 1.05 * max(largest, shown))
        ticks = [tick for tick in _TICKS if 0.95 * lowest <= tick <= 1.05 * largest]
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.set_xticks([], minor=True)
        axes.set_ylim(0, height)
        axes.set_xlabel("Radius (px of the network input)" if field_degrees is None else "Radius (degrees)")
        axes.set_ylabel("Top-1 accuracy (%)")
        return picture.element("Top-1 accuracy by the radius of a window or scotoma about the point of gaze")


def _curves(rows: Rows, transform: str) -> dict[ViewName, tuple[np.ndarray, ...]]:
    """Value, top-1 and both edges of the band, by view, in the order of the table."""
    curves: dict[ViewName, tuple[np.ndarray, ...]] = {}
    for view in VIEW_NAMES:
        mine = [row for row in rows if (row["view"], row["transform"]) == (view, transform)]
        if mine:
            curves[view] = tuple(np.array([row[name] for row in mine]) for name in ("value", "top1", "low", "high"))
    return curves


def _top(curves: Mapping[ViewName, tuple[np.ndarray, ...]]) -> float:
    """The end of an axis of accuracies: the next ten beyond all bands."""
    return min(100.0, 10 * math.ceil(max(float(high.max()) for _, _, _, high in curves.values()) / 10 + 0.05))


def _map(axes: Any, value_YX: np.ndarray, colours: str, low: float, high: float, title: str) -> Any:
    from matplotlib import colormaps

    step = SHIFTS[1] - SHIFTS[0]
    edges = np.append(np.array(SHIFTS) - step / 2, SHIFTS[-1] + step / 2)
    drawn = axes.pcolormesh(
        edges,
        edges,
        value_YX,
        cmap=colormaps[colours].resampled(_COLOURS),
        vmin=low,
        vmax=high,
        linewidth=0.2,
        edgecolor="face",
    )
    axes.set_title(title, loc="left", fontsize=9.5, pad=6)
    axes.set_aspect("equal")
    axes.invert_yaxis()  # down in the photograph is down in the map
    axes.set_xticks([-0.5, 0, 0.5])
    axes.set_yticks([-0.5, 0, 0.5])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return drawn


def _key(figure: Any, drawn: Any, axes: Any, label: str) -> None:
    """The key of a map's colours, in shapes: the page's policy forbids pictures in data addresses."""
    bar = figure.colorbar(drawn, ax=axes, shrink=0.85, label=label)
    bar.solids.set_rasterized(False)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0)
