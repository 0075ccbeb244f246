"""`retention_figure`: a curve for each layer and transform, only of the view that is asked for."""

import re

from lp_core.report.retention_figure import retention_figure
from lp_core.report.svg import COLOURS

ROWS = [
    {"view": "log_polar", "layer": layer, "transform": transform, "value": value, "median": 1 - abs(value) / 400}
    for layer in ("conv1_1", "conv5_3")
    for transform, values in (("rotation", (0.0, 90.0, 180.0, 270.0)), ("scale", (-1.0, 0.0, 1.0)))
    for value in values
]


def test_every_layer_has_a_curve_in_both_panels() -> None:
    svg = retention_figure(ROWS, "log_polar")
    assert svg is not None
    assert len(re.findall(r'stroke="var\(--log-polar', svg)) == 4
    assert COLOURS["cartesian"] not in svg
    assert "Octaves" in svg
    assert svg == retention_figure(ROWS, "log_polar")


def test_a_view_without_rows_has_no_figure() -> None:
    assert retention_figure(ROWS, "cartesian") is None
