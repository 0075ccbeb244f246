"""The drawn cascade: its size, its columns, and padding that is no picture."""

import numpy as np
import pytest

from lp_core.exemplars.sanity import ChannelExemplars, ChannelSanity
from lp_core.network.receptive_field import receptive_field
from lp_core.report.cascade_picture import SIDE, cascade_picture, cascade_size
from lp_core.report.picture import hatch


@pytest.mark.parametrize(("layer", "columns"), [("conv1_1", 3), ("conv2_1", 5), ("conv5_2", 14)])
def test_patch_own_weights_and_a_picture_for_each_layer(layer, columns):
    side = receptive_field(layer).size
    rng = np.random.default_rng(0)
    box = receptive_field(layer).box(0, 0)  # partly in the padding
    image = rng.integers(0, 256, (1, 200, 200, 3), np.uint8)
    seen = ChannelExemplars(layer, 0, [0], [(0, 0)], [box], image, seed=0)
    gradients = [rng.normal(size=(3, side, side)) for _ in range(columns - 1)]
    rules = ("guided", "deconvnet", "gradient")
    picture = cascade_picture(seen, ChannelSanity([], np.ones(1), dict.fromkeys(rules, gradients)))
    assert picture.shape == (*cascade_size(layer)[::-1], 3)
    inked = (picture[-SIDE:-10] != 255).any((0, 2))  # columns of px that are not all white, of the last row
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inked, [0]])))
    assert sum(length == SIDE for length in np.diff(edges)[::2]) == columns


def test_padding_is_hatched():
    box = receptive_field("conv1_1").box(0, 0)
    image = np.zeros((1, 8, 8, 3), np.uint8)
    seen = ChannelExemplars("conv1_1", 0, [0], [(0, 0)], [box], image, seed=0)
    picture = cascade_picture(seen, ChannelSanity([], np.ones(1), {"guided": [np.ones((3, 3, 3))] * 2}))
    ground = np.asarray(hatch(SIDE, SIDE))
    third = SIDE // 3 - 2
    rows = np.flatnonzero((picture == 0).all(2).any(1))
    top = rows[-1] + 1 - SIDE  # the black patch reaches the end of its square
    corner = picture[top : top + third, 6 : 6 + third]
    assert np.array_equal(corner, ground[:third, :third])
