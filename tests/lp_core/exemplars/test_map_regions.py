"""Regions of maps: a seam elsewhere turns the sectors of the log-polar view, and of no other."""

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
