"""The gallery's data: scripts that a page opened from disk may load, where it may not fetch JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lp_core.config import ViewName
from lp_core.report.contents import Exemplar, ReportData
from lp_core.report.montage import PLACES, VIEW_TITLES, Geometry


def gallery_data(data: ReportData) -> dict[str, bytes]:
    """Make the gallery's data files, one for each layer so that only what is looked at is read.

    Returns:
        Name relative to RUN/report -> contents. gallery/index.js calls `logpolarIndex({...})`, gallery/<layer>.js calls
        `logpolarLayer(name, {view: {channels, panels, exemplars}})`. An exemplar is [class (place in the index), rank,
        activation, image_id, unit row, unit column, top, left, bottom, right].
    """
    exemplars = {view: report.exemplars_of() for view, report in data.views.items()}
    layers = data.layers()
    names = {
        row["class_name"]
        for view in exemplars.values()
        for (layer, channel), rows in view.items()
        if channel in layers.get(layer, [])
        for row in rows
    }
    class_index = {name: place for place, name in enumerate(sorted(names))}
    index = {
        "views": {view: {"title": VIEW_TITLES[view], **_places(view)} for view in data.views},
        "layers": {layer: len(channels) for layer, channels in layers.items()},
        "classes": list(class_index),
        "map": _map(data),
        "photographs": data.photographs,
        "logPolarImages": data.log_polar_images,
    }
    files = {"gallery/index.js": f"logpolarIndex({_json(index)});\n".encode()}
    for layer, channels in layers.items():
        views = {
            view: {
                "panels": [report.panels.get(layer, {}).get(channel) for channel in channels],
                "exemplars": [
                    [_row(row, class_index) for row in exemplars[view].get((layer, channel), [])]
                    for channel in channels
                ],
            }
            for view, report in data.views.items()
        }
        call = f"logpolarLayer({_json(layer)}, {_json({'channels': channels, 'views': views})});\n"
        files[f"gallery/{layer}.js"] = call.encode()
    return files


def _row(row: Exemplar, class_index: Mapping[str, int]) -> list[Any]:
    numbers = ("unit_row", "unit_col", "rf_top", "rf_left", "rf_bottom", "rf_right")
    activation = float(f"{row['activation']:.4g}")
    return [class_index[row["class_name"]], row["rank"], activation, row.get("image_id"), *map(row.get, numbers)]


def _places(view: ViewName) -> dict[str, Any]:
    """Size of a panel and left and top of each of its pictures, in px: blocks[row][column][rank]."""
    where = Geometry(view)
    rows = 2 if view == "log_polar" else 1
    blocks = [[[where.place(row, column, rank) for rank in range(PLACES)] for column in (0, 1)] for row in range(rows)]
    return {"size": where.size, "tile": where.tile, "blocks": blocks}


def _map(data: ReportData) -> dict[str, Any] | None:
    """What it takes to draw a sector: the radius in px of each edge between rings."""
    eye = data.log_polar_map
    if eye is None:
        return None
    edges = [round(max(0.0, float(eye.radius_of(ring - 0.5))), 3) for ring in range(eye.rings + 1)]
    return {"size": eye.size, "centre": eye.centre_yx, "sectors": eye.sectors, "edges": edges, "wraps": data.wraps}


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
