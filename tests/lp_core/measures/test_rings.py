"""`rings`: bins of rings cover cells and photograph exactly once."""

import numpy as np
import pytest

from lp_core.images.log_polar import LogPolarMap
from lp_core.measures.rings import (
    area_below,
    area_share,
    bin_edges,
    cell_share,
    edge_radii,
    fovea_radius,
    share_within,
)
from tests.reference import firing as slow

MAP = LogPolarMap(size=(224, 224))


@pytest.mark.parametrize(("columns", "widths"), [(224, [8] * 28), (28, [1] * 28), (64, [3] * 21 + [1]), (5, [1] * 5)])
def test_bins_hold_whole_columns_the_last_one_fewer(columns, widths):
    edges = bin_edges(columns)
    assert np.diff(edges).tolist() == widths
    assert cell_share(edges) == pytest.approx(np.array(widths) / columns)


@pytest.mark.parametrize(
    ("size", "fixation"),
    [((20, 20), (9.5, 9.5)), ((20, 30), (4.0, 22.0)), ((11, 8), (0.0, 0.0)), ((9, 9), (-0.5, 8.5))],
)
def test_area_equals_counted_points(size, fixation):
    for radius in (0.0, 1.0, 4.0, 7.5, 10.0, 13.0, 25.0, 60.0):
        counted = slow.area_below(radius, size, fixation)
        assert area_below(radius, size, fixation) == pytest.approx(counted, rel=0.01, abs=0.1)


def test_area_of_simple_discs():
    assert area_below(112.0, (224, 224), (111.5, 111.5)) == pytest.approx(np.pi * 112**2)
    assert area_below(np.array([0.0, 1e3]), (224, 224), (111.5, 111.5)).tolist() == [0, 224**2]
    with pytest.raises(ValueError, match=r"\(-1, 0\) is outside"):
        area_below(1.0, (9, 9), (-1, 0))


@pytest.mark.parametrize("stride", [1, 8])
def test_shares_of_cells_and_of_the_photograph_differ_as_they_should(stride):
    edges = bin_edges(224 // stride)
    radius = edge_radii(edges, stride, MAP.radius_of)
    area = area_share(radius, MAP.size, MAP.centre_yx)
    assert radius[0] == 0
    assert (np.diff(radius) > 0).all()
    assert area.sum() == pytest.approx(1)
    assert area[0] < 1e-4 < cell_share(edges)[0]


def test_the_fovea_of_a_224_px_network():
    edges = bin_edges(224)
    assert fovea_radius(224) == pytest.approx(35.65, abs=0.01)
    for radius, share in ((4.0, 0.32), (fovea_radius(224), 0.71)):
        within = share_within(edges, 1, MAP.radius_of, radius)
        assert set(within[1:-1]) - {0.0, 1.0} == set(within[(within > 0) & (within < 1)])
        assert within @ cell_share(edges) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize(("columns", "bins"), [(0, 28), (224, 0)])
def test_no_bins(columns, bins):
    with pytest.raises(ValueError, match="at least 1"):
        bin_edges(columns, bins)


def test_rings_that_see_nothing():
    with pytest.raises(ValueError, match="cover nothing"):
        area_share(np.zeros(3), (9, 9), (4, 4))
