"""`firing_figures`: curves are the enrichment of the tables, angles turn clockwise, what is missing is None."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from lp_core.report.firing_figures import _curve, angle_figure, angular_share, degrees_above, ring_figure
from tests.lp_core.report.simulated import LAYER, measured_run


def test_a_curve_is_log2_of_the_shares() -> None:
    rows = measured_run().rows("firing", view="log_polar", layer=LAYER, network="trained")
    edges, values = _curve(rows, "log_polar", LAYER, "trained", "area_share")
    assert len(edges) == len(values) + 1 == len(rows) + 1
    for row, value in zip(sorted(rows, key=lambda row: row["bin"]), values, strict=True):
        assert 2**value == pytest.approx(row["share"] / row["area_share"])


def test_the_density_of_angles_has_the_harmonics_that_it_is_made_of() -> None:
    """The Fourier sums of the curve, computed afresh, are the resultants and directions of the rows."""
    angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    rows = [
        {"order": 1, "resultant": 0.2, "direction": 30.0},
        {"order": 2, "resultant": 0.1, "direction": 100.0},
        {"order": 4, "resultant": float("nan"), "direction": float("nan")},
    ]
    curve = angular_share(rows, angle)
    assert curve is not None
    assert curve.mean() == pytest.approx(1)
    for row in rows[:2]:
        moment = (curve * np.exp(1j * row["order"] * angle)).mean()
        assert abs(moment) == pytest.approx(row["resultant"])
        assert np.degrees(np.angle(moment)) % 360 == pytest.approx(row["order"] * row["direction"])


def test_layers_and_networks_that_were_not_measured_are_left_out() -> None:
    measured = measured_run()
    assert ring_figure(measured.rows("firing"), "log_polar", "conv2_2", "cell_share") is None
    assert angle_figure([], "log_polar", [LAYER]) is None
    svg = ring_figure(measured.rows("firing"), "log_polar", LAYER, "cell_share")
    assert svg is not None
    assert "Cortex: against cells" in svg


def test_degrees_stand_above_where_the_field_is_known() -> None:
    rows = measured_run().rows("firing")
    plain, degrees = (
        ring_figure(rows, "log_polar", LAYER, "cell_share", degrees_per_px=each) for each in (None, 27 / 224)
    )
    assert plain is not None
    assert degrees is not None
    assert "°" not in plain
    assert "10°" in degrees
    assert "50°" not in degrees  # the corner of the crop is 19 degrees away


def test_a_degree_stands_above_its_px() -> None:
    figure = Figure()
    axes = figure.subplots()
    axes.set_xscale("function", functions=(np.log1p, np.expm1))
    axes.set_xlim(0, 158)
    above = degrees_above(axes, 0.5)
    figure.draw_without_rendering()
    for degrees, tick in zip((0, 1, 2, 5, 10, 20, 50), above.get_xticks(), strict=True):
        assert tick == 2 * degrees
        expected = axes.transData.transform((2 * degrees, 0))[0]
        assert above.transData.transform((tick, 0))[0] == pytest.approx(expected)


def test_random_fixations_have_a_line() -> None:
    rows = measured_run().rows("firing", view="log_polar")
    looked = [row | {"network": "random-fixations"} for row in rows if row["network"] == "untrained"]
    before, after = (ring_figure(each, "log_polar", LAYER, "cell_share") for each in (rows, [*rows, *looked]))
    assert before is not None
    assert after is not None
    assert len(after) > len(before)
