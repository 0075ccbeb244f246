"""The gallery's data: scripts that a page opened from disk may load, where it may not fetch JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from lp_core.network.receptive_field import Box
from lp_core.report.contents import EvolutionStrip, Exemplar, ReportData, ViewReport
from lp_core.report.gallery_measures import ASCENDING, measure_columns, measured_channels, shown_measures
from lp_core.report.tile import KINDS, VIEW_TITLES


def gallery_data(data: ReportData) -> dict[str, bytes]:
    """Make the gallery's data files, one for each layer so that a browser reads only the layers that it shows.

    Returns:
        Name relative to RUN/report -> contents. gallery/index.js calls `logpolarIndex({...})`,
        gallery/layers/<layer>.js calls `logpolarLayer(name, {channels, views: {view: {sheets, places, panels,
        exemplars, random, lower, measures}}})`: paths of the layer's sheets; of each channel [which sheet, row on
        it], the path of its panel, and its exemplars, each [class (place in the index), rank, activation, image_id,
        unit row, unit column, top, left, bottom, right of the receptive field, the same four of its effective part,
        the gradient's norm]; the path of its features with random weights, its exemplars at lower quantiles, each
        [quantile, class, activation, image_id], and a column for each measure; where strips were drawn, `strips`: the
        path of each channel's, and for each epoch [epoch, class, activation, images shared with the last nine, jump,
        born].
    """
    exemplars = {view: report.exemplars_of() for view, report in data.views.items()}
    layers = data.layers()
    names = {
        row["class_name"]
        for view in exemplars.values()
        for (layer, channel), rows in view.items()
        if channel in layers.get(layer, [])
        for row in rows
    } | {row["class_name"] for report in data.views.values() for row in report.lower}
    names |= {
        row["class_name"]
        for report in data.views.values()
        for strip in report.strips.values()
        for row in strip.epochs
        if row["class_name"] is not None
    }
    class_index = {name: number for number, name in enumerate(sorted(names))}
    measured = measured_channels(data.measured)
    measures = shown_measures(measured)
    views = {view: {"title": VIEW_TITLES[view], "kinds": [kind.heading for kind in KINDS[view]]} for view in data.views}
    index = {
        "views": views,
        "layers": list(layers),
        "classes": list(class_index),
        "map": _map(data),
        "photographs": data.photographs,
        "logPolarImages": data.log_polar_images,
        "perRow": data.per_row,
        "measures": measures,
        "ascending": [name for name in ASCENDING if name in measures],
    }
    files = {"gallery/index.js": f"logpolarIndex({_json(index)});\n".encode()}
    drawn = {view: report.sheets() for view, report in data.views.items()}
    effective = {view: _effective(report) for view, report in data.views.items()}
    lower = {view: _by_channel(report.lower) for view, report in data.views.items()}
    for layer, channels in layers.items():
        of_views = {}
        for view, report in data.views.items():
            positions = drawn[view].get(layer, {})
            sheets = {path: number for number, path in enumerate(dict.fromkeys(path for path, _ in positions.values()))}
            of_channels = [exemplars[view].get((layer, channel), []) for channel in channels]
            of_views[view] = {
                "sheets": list(sheets),
                "places": [[sheets[positions[c][0]], positions[c][1]] if c in positions else None for c in channels],
                "panels": [report.panels.get(layer, {}).get(channel) for channel in channels],
                "exemplars": [[_row(row, class_index, effective[view]) for row in rows] for rows in of_channels],
                "random": [report.random_weights.get(layer, {}).get(channel) for channel in channels],
                "lower": [[_lower(row, class_index) for row in lower[view].get((layer, c), [])] for c in channels],
                "measures": measure_columns(measured, list(measures), view, layer, channels),
            }
            if report.strips:
                strips = [report.strips.get((layer, channel)) for channel in channels]
                of_views[view]["strips"] = [strip and _strip(strip, class_index) for strip in strips]
        call = f"logpolarLayer({_json(layer)}, {_json({'channels': channels, 'views': of_views})});\n"
        files[f"gallery/layers/{layer}.js"] = call.encode()
    return files


def _effective(report: ViewReport) -> dict[tuple[str, int, int], list[float | None]]:
    """(layer, channel, rank) -> top, left, bottom, right of the effective receptive field, and the gradient's norm.

    The norm is left out where it is not known, as of runs that earlier versions drew.
    """
    edges = [f"effective_{edge}" for edge in Box._fields]
    found = {}
    for row in report.features:
        norm = row.get("gradient_norm")
        known = [] if norm is None else [float(f"{norm:.3g}")]
        found[row["layer"], row["channel"], row["rank"]] = [*(row[edge] for edge in edges), *known]
    return found


def _by_channel(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], list[Mapping[str, Any]]]:
    """(layer, channel) -> its exemplars at lower quantiles, the highest quantile first."""
    channels: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: (-row["quantile"], row["rank"])):
        channels.setdefault((row["layer"], row["channel"]), []).append(row)
    return channels


def _lower(row: Mapping[str, Any], class_index: Mapping[str, int]) -> list[Any]:
    return [row["quantile"], class_index[row["class_name"]], float(f"{row['activation']:.4g}"), row["image_id"]]


def _strip(strip: EvolutionStrip, class_index: Mapping[str, int]) -> list[Any]:
    epochs = []
    for row in strip.epochs:
        is_dead = row["class_name"] is None
        what = [None, 0] if is_dead else [class_index[row["class_name"]], float(f"{row['activation']:.4g}")]
        epochs.append([row["epoch"], *what, row["shared_with_last"], int(row["jump"]), int(row["born"])])
    return [strip.path, epochs]


def _row(row: Exemplar, class_index: Mapping[str, int], effective: Mapping[Any, list[float | None]]) -> list[Any]:
    numbers = ("unit_row", "unit_col", "rf_top", "rf_left", "rf_bottom", "rf_right")
    activation = float(f"{row['activation']:.4g}")
    box = effective.get((row["layer"], row["channel"], row["rank"]), [])
    class_number = class_index[row["class_name"]]
    return [class_number, row["rank"], activation, row.get("image_id"), *map(row.get, numbers), *box]


def _map(data: ReportData) -> dict[str, Any] | None:
    """The geometry of sectors: the radius in px of each edge between rings."""
    eye = data.log_polar_map
    if eye is None:
        return None
    edges = [round(max(0.0, float(eye.radius_of(ring - 0.5))), 3) for ring in range(eye.rings + 1)]
    seam = {"seam": eye.seam_degrees} if eye.seam_degrees else {}
    sizes = {"size": eye.size, "centre": eye.centre_yx, "sectors": eye.sectors}
    return {**sizes, "edges": edges, "wraps": data.wraps, **seam}


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
