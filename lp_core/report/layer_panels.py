"""Which numbers of layers are drawn: what channels keep, how equivariant maps are, when channels are born."""

from __future__ import annotations

from collections.abc import Sequence

from lp_core.findings.values import ALL_LAYERS
from lp_core.report.layers_figure import DASHED, DOTTED, Line, Panel, layers_figure, values_by_seed
from lp_core.report.measured import Row
from lp_core.report.svg import COLOURS, SOFT
from lp_core.settings import VIEW_NAMES

RETENTION = "tolerance.retention"
EQUIVARIANCE = "tolerance.equivariance"


def retention_layers(rows: Sequence[Row], name: str = "") -> str | None:
    """Draw what the median channel of each layer keeps of its activation, by view.

    Args:
        rows: of values.parquet of a run, or of one variant of a sweep.
        name: of the drawing, where a page has several.

    Returns:
        An `<svg>` element; None if it was not measured.
    """
    panels = [
        Panel("Kept over all angles (%)", _views(rows, f"{RETENTION}.rotation"), percent=True),
        Panel("Kept over two octaves (%)", _views(rows, f"{RETENTION}.scale"), percent=True),
        Panel("Half is lost at (degrees)", _views(rows, f"{RETENTION}.half_angle")),
    ]
    return layers_figure(f"retention layers {name}", "What channels keep, by layer", _layers(rows), panels)


def equivariance_layers(rows: Sequence[Row], name: str = "") -> str | None:
    """Draw how far the maps of each layer are from turning with the input; arguments as `retention_layers`."""
    controls = [
        Line(values_by_seed(rows, f"{EQUIVARIANCE}.{control}", view), COLOURS[view], dashes, is_control=True)
        for control, dashes in (("unmoved", DASHED), ("unrelated", DOTTED))
        for view in VIEW_NAMES
    ]
    panels = [Panel("Error of quarter turns", [*_views(rows, f"{EQUIVARIANCE}.quarter_turns"), *controls], level=0.0)]
    return layers_figure(f"equivariance {name}", "Equivariance error by layer", _layers(rows), panels)


def padding_layers(rows: Sequence[Row], name: str = "") -> str | None:
    """Draw the log-polar view's error with either padding of its angles; arguments as `retention_layers`."""
    panels = [
        Panel(
            title,
            [
                Line(values_by_seed(rows, f"{EQUIVARIANCE}.{turns}.{padding}", "log_polar"), colour, dashes)
                for padding, colour, dashes in (("circular", COLOURS["log_polar"], "-"), ("zeros", SOFT, DASHED))
            ],
            level=0.0,
        )
        for turns, title in (("quarter_turns", "Error of quarter turns"), ("small_turns", "Error of smaller turns"))
    ]
    return layers_figure(f"padding {name}", "Equivariance error by padding of the angles", _layers(rows), panels)


def birth_layers(rows: Sequence[Row], name: str = "") -> str | None:
    """Draw when the channels of each layer are born; arguments as `retention_layers`."""
    panels = [
        Panel("Median birth (epoch)", _views(rows, "evolution.median_birth")),
        Panel("Mean birth (epoch)", _views(rows, "evolution.mean_birth")),
        Panel("Births not seen (%)", _views(rows, "evolution.censored_share"), percent=True),
    ]
    return layers_figure(f"births {name}", "Birth of the channels by layer", _layers(rows), panels)


def _views(rows: Sequence[Row], measure: str) -> list[Line]:
    return [Line(values_by_seed(rows, measure, view), COLOURS[view]) for view in VIEW_NAMES]


def _layers(rows: Sequence[Row]) -> list[str]:
    """Names of the layers in the order of the table, which is the network's."""
    return list(dict.fromkeys(row["layer"] for row in rows if row["layer"] != ALL_LAYERS))
