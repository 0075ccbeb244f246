"""The figures of the tolerance test: accuracy by angle, scale, fixation, and size of a window or scotoma.

Of a run they show one curve a view, with its band. Of a sweep they show the mean over seeds, and each seed thin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lp_core.measures.tolerance import CROSSINGS
from lp_core.measures.tolerance_conditions import SHIFTS
from lp_core.report.svg import COLOURS, INK, SOFT, drawing, plain
from lp_core.report.tile import VIEW_TITLES
from lp_core.settings import VIEW_NAMES, ViewName

Rows = Sequence[Mapping[str, Any]]
"""Rows of measures/tolerance.parquet, or of tolerance_summary.parquet where it is said."""
HUMAN_DEGREES = 7.4
"""Radius at which a window and a scotoma are worth the same to people who name the gist of scenes of 27 x 27 degrees.
Source: Larson & Loschky 2009, Journal of Vision 9(10):6. We could not verify the size of their field at the source."""
HIDDEN = {"crossing_px": "Hidden: mean colour", "crossing_px.photograph": "Hidden: another photograph"}
"""What is shown where a mask hides, by the name of the crossing."""
MAPS = {"fixation_crop": "Crop moves", "fixation_gaze": "Gaze moves within the crop"}
_COLOURS = 25
"""Of a map; odd, so that the middle of a difference is white. Our choice."""
_POINT, _HEIGHTS = ("view", "transform", "value", "value_x"), ("top1", "low", "high")
_TICKS = (1, 2, 5, 10, 20, 50, 100, 200)


def rotation_figure(rows: Rows, seeds: Sequence[Rows] = (), name: str = "") -> str | None:
    """Draw top-1 by angle around a circle, upright at the top, counterclockwise, with simultaneous bands.

    Args:
        rows: of tolerance.parquet, or `mean_rows` of a sweep's.
        seeds: rows of each seed, which are drawn thin, instead of bands.
        name: of the drawing, where a page has several.

    Returns:
        An `<svg>` element; None if it was not measured.
    """
    curves = _curves(rows, "rotation")
    if not curves:
        return None
    with drawing(f"tolerance rotation {name}", 3.4, 3.4) as picture:
        axes: Any = picture.figure.subplots(subplot_kw={"projection": "polar"})
        axes.set_theta_zero_location("N")
        for view, (angle, top1, low, high) in curves.items():
            closed = [np.append(values, values[0]) for values in (np.radians(angle), top1, low, high)]
            _band(axes, view, closed[0], closed[2], closed[3], seeds)
            axes.plot(closed[0], closed[1], color=COLOURS[view], linewidth=1.8, marker="o", markersize=2.5)
            for angle, top1 in _of_seeds(seeds, "rotation", view):
                axes.plot(np.radians(np.append(angle, angle[0])), np.append(top1, top1[0]), **_thin(view))
        axes.set_ylim(0, _top(curves, seeds, "rotation"))
        axes.set_xticks(np.radians(np.arange(0, 360, 45)), [f"{angle}°" for angle in range(0, 360, 45)])
        axes.set_rlabel_position(22.5)
        axes.set_yticks([tick for tick in axes.get_yticks() if 0 < tick < axes.get_ylim()[1]])
        axes.tick_params(axis="y", labelsize=8, labelcolor=SOFT)
        axes.spines["polar"].set_visible(False)
        return picture.element("Top-1 accuracy in percent by angle of rotation")


def scale_figure(rows: Rows, seeds: Sequence[Rows] = (), name: str = "") -> str | None:
    """Draw top-1 by scale, in octaves, with simultaneous bands; None if it was not measured.

    Args:
        rows, seeds, name: as `rotation_figure`.
    """
    curves = _curves(rows, "scale")
    if not curves:
        return None
    with drawing(f"tolerance scale {name}", 2.7) as picture:
        axes = picture.figure.subplots()
        for view, (octaves, top1, low, high) in curves.items():
            _band(axes, view, octaves, low, high, seeds)
            axes.plot(octaves, top1, color=COLOURS[view], linewidth=1.8, marker="o", markersize=3)
            for octaves, top1 in _of_seeds(seeds, "scale", view):
                axes.plot(octaves, top1, **_thin(view))
        plain(axes, "")
        axes.set_ylim(0, _top(curves, seeds, "scale"))
        ticks = (-1, -0.5, 0, 0.5, 1)
        axes.set_xticks(ticks, [f"{2**tick:.2g}×" for tick in ticks])
        axes.set_xlabel("Size of things against a crop of half the shorter side")
        axes.set_ylabel("Top-1 accuracy (%)")
        return picture.element("Top-1 accuracy by scale")


def fixation_figure(rows: Rows, transform: str, name: str = "") -> str | None:
    """Draw top-1 by fixation as a map for each view, and their difference where there are two.

    Args:
        rows: of tolerance.parquet, or `mean_rows` of a sweep's.
        transform: one of `MAPS`.
        name: of the drawing, where a page has several.

    Returns:
        An `<svg>` element; None if it was not measured.
    """
    maps = {view: top1.reshape(len(SHIFTS), -1) for view, (_, top1, _, _) in _curves(rows, transform).items()}
    if not maps:
        return None
    both = len(maps) == len(VIEW_NAMES)
    highest = max(float(values.max()) for values in maps.values())
    with drawing(f"tolerance {transform} {name}", 2.4, 2.9 * (len(maps) + both)) as picture:
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


def mask_figure(
    rows: Rows,
    summary: Rows,
    input_px: int,
    measure: str,
    field_degrees: float | None = None,
    seeds: Sequence[Rows] = (),
    name: str = "",
) -> str | None:
    """Draw top-1 by the radius of a window (solid) and of a scotoma (dashed), and where they cross.

    Args:
        rows, seeds, name: as `rotation_figure`.
        summary: of tolerance_summary.parquet; has the crossings and their intervals.
        input_px: side of the network input.
        measure: which crossing, one of `CROSSINGS`, and thus what is shown where the mask hides.
        field_degrees: visual angle that it spans: the axis is then in degrees, and people's crossing is drawn.

    Returns:
        An `<svg>` element; None if it was not measured.
    """
    window, scotoma = CROSSINGS[measure]
    windows, scotomas = _curves(rows, window), _curves(rows, scotoma)
    if not windows or set(windows) != set(scotomas):
        return None
    unit = 1.0 if field_degrees is None else field_degrees / input_px
    with drawing(f"tolerance {measure} {name}", 3.0) as picture:
        axes = picture.figure.subplots()
        for view, style in ((view, style) for view in windows for style in ("-", (0, (4, 2)))):
            radius, top1, low, high = (windows if style == "-" else scotomas)[view]
            radius = radius * input_px / 2 * unit
            _band(axes, view, radius, low, high, seeds)
            axes.plot(radius, top1, color=COLOURS[view], linewidth=1.8, linestyle=style)
            for of_seed, top1 in _of_seeds(seeds, window if style == "-" else scotoma, view):
                axes.plot(of_seed * input_px / 2 * unit, top1, **_thin(view), linestyle=style)
        height = max(_top(windows, seeds, window), _top(scotomas, seeds, scotoma))
        lowest, largest = (windows[next(iter(windows))][0][end] * input_px / 2 * unit for end in (0, -1))
        edges = 0.95 * lowest, 1.05 * max(largest, HUMAN_DEGREES if field_degrees is not None else largest)
        for order, view in enumerate(windows):
            crossing = next((row for row in summary if (row["view"], row["measure"]) == (view, measure)), None)
            if crossing is None or crossing["value"] is None or not crossing["value"]:
                continue
            at, y = crossing["value"] * unit, height * (0.97 - 0.05 * order)
            axes.plot([at, at], [0, y], color=COLOURS[view], linewidth=1, linestyle=(0, (1, 1.5)))
            axes.plot(at, y, "v", color=COLOURS[view], markersize=5)
            if crossing["low"] is not None:  # an end that lies beyond the radii is at the edge
                high = edges[1] if crossing["high"] is None else crossing["high"] * unit
                axes.plot([max(crossing["low"] * unit, edges[0]), high], [y, y], color=COLOURS[view], linewidth=2)
        if field_degrees is not None:
            axes.axvline(HUMAN_DEGREES, color=INK, linewidth=1.1, linestyle=(0, (1.5, 1.2)))
        plain(axes, HIDDEN[measure])
        axes.set_xscale("log")
        axes.set_xlim(*edges)
        ticks = [tick for tick in _TICKS if 0.95 * lowest <= tick <= 1.05 * largest]
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.set_xticks([], minor=True)
        axes.set_ylim(0, height)
        axes.set_xlabel("Radius (px of the network input)" if field_degrees is None else "Radius (degrees)")
        axes.set_ylabel("Top-1 accuracy (%)")
        title = "Top-1 accuracy by the radius of a window or scotoma about the point of gaze"
        return picture.element(f"{title}. {HIDDEN[measure]}")


def mean_rows(seeds: Sequence[Rows]) -> list[dict[str, Any]]:
    """Return rows of the mean curves over seeds, without a band, in the order of the first seed's.

    A view is averaged over the seeds that have it.
    """
    found: dict[tuple[Any, ...], list[float]] = {}
    for row in (row for rows in seeds for row in rows):
        found.setdefault(tuple(row[name] for name in _POINT), []).append(row["top1"])
    means = {key: float(np.mean(values)) for key, values in found.items()}
    return [dict(zip(_POINT, key, strict=True)) | dict.fromkeys(_HEIGHTS, mean) for key, mean in means.items()]


def _band(axes: Any, view: ViewName, at: np.ndarray, low: np.ndarray, high: np.ndarray, seeds: Sequence[Rows]) -> None:
    if not seeds:
        axes.fill_between(at, low, high, color=COLOURS[view], alpha=0.2, linewidth=0)


def _thin(view: ViewName) -> dict[str, Any]:
    """How a single seed is drawn."""
    return {"color": COLOURS[view], "linewidth": 0.7, "alpha": 0.5}


def _of_seeds(seeds: Sequence[Rows], transform: str, view: ViewName) -> list[tuple[np.ndarray, np.ndarray]]:
    """Value and top-1 of every seed that has the view."""
    curves = [_curves(rows, transform) for rows in seeds]
    return [curve[view][:2] for curve in curves if view in curve]  # type: ignore[misc]


def _curves(rows: Rows, transform: str) -> dict[ViewName, tuple[np.ndarray, ...]]:
    """Value, top-1 and both edges of the band, by view, in the order of the table."""
    curves: dict[ViewName, tuple[np.ndarray, ...]] = {}
    for view in VIEW_NAMES:
        mine = [row for row in rows if (row["view"], row["transform"]) == (view, transform)]
        if mine:
            curves[view] = tuple(np.array([row[name] for row in mine]) for name in ("value", *_HEIGHTS))
    return curves


def _top(curves: Mapping[ViewName, tuple[np.ndarray, ...]], seeds: Sequence[Rows], transform: str) -> float:
    """The end of an axis of accuracies: the next ten beyond all bands and seeds."""
    heights = [high for _, _, _, high in curves.values()]
    heights += [top1 for view in curves for _, top1 in _of_seeds(seeds, transform, view)]
    return min(100.0, 10 * math.ceil(max(float(height.max()) for height in heights) / 10 + 0.05))


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
