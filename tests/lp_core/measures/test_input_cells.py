"""Shares of cells within a radius: a slow twin for each view, and far more of a log-polar input near the middle."""

import math

import pytest

from lp_core.images.network_input import log_polar_map
from lp_core.measures.input_cells import share_of_cells
from lp_core.settings import ViewSettings


@pytest.mark.parametrize("radius", [0.0, 3.0, 10.5, 16.0, 100.0])
def test_shares_equal_a_count_cell_by_cell(radius) -> None:
    settings = ViewSettings(size=32)
    pixels = [math.hypot(y - 15.5, x - 15.5) < radius for y in range(32) for x in range(32)]
    assert share_of_cells("cartesian", settings, radius) == sum(pixels) / 32**2
    rings = [float(log_polar_map(settings).radius_of(ring)) < radius for ring in range(32)]
    assert share_of_cells("log_polar", settings, radius) == pytest.approx(sum(rings) / 32)


def test_a_small_window_shows_more_of_a_log_polar_input() -> None:
    settings = ViewSettings(size=224)
    ordinary, log_polar = (share_of_cells(view, settings, 22.4) for view in ("cartesian", "log_polar"))
    assert ordinary == pytest.approx(math.pi * 0.1**2, rel=0.02)
    assert log_polar > 0.5
