"""Regions of maps: a seam elsewhere turns the sectors of the log-polar view alone; radii are those of the crop."""

from dataclasses import replace

import numpy as np
import pytest

from lp_core.exemplars.map_regions import SECTORS, map_regions
from lp_core.settings import ViewSettings

STRAIGHT = ViewSettings(size=64)


@pytest.mark.parametrize("layer", ["conv2_2", "conv4_3"])
@pytest.mark.parametrize("sectors", [1, 4, 11])
def test_a_seam_at_k_sectors_turns_the_sectors_of_every_unit_by_k(layer, sectors):
    cut = map_regions("log_polar", replace(STRAIGHT, seam_degrees=sectors * 360 / SECTORS), layer)
    straight = map_regions("log_polar", STRAIGHT, layer)
    expected_PS = np.roll(straight.sector_GS[straight.region_P], sectors, axis=1)
    np.testing.assert_array_equal(cut.sector_GS[cut.region_P], expected_PS)
    np.testing.assert_array_equal(cut.bin_G[cut.region_P], straight.bin_G[straight.region_P])


def test_the_ordinary_view_has_no_seam():
    straight, cut = (map_regions("cartesian", one, "conv3_3") for one in (STRAIGHT, replace(STRAIGHT, seam_degrees=90)))
    np.testing.assert_array_equal(cut.sector_GS[cut.region_P], straight.sector_GS[straight.region_P])


@pytest.mark.parametrize("layer", ["conv1_1", "conv3_3"])
def test_the_bins_of_a_fisheye_are_those_of_its_map_at_radii_of_the_crop(layer):
    ordinary, fisheye = (map_regions("cartesian", one, layer) for one in (STRAIGHT, replace(STRAIGHT, fisheye=True)))
    np.testing.assert_array_equal(fisheye.region_P, ordinary.region_P)
    np.testing.assert_allclose(np.interp(32.0, ordinary.radius_E, fisheye.radius_E), 32.0, rtol=0.02)
    within = (ordinary.radius_E > 0) & (ordinary.radius_E < 32)
    assert (fisheye.radius_E[within] < ordinary.radius_E[within]).all()
