"""`exemplar_tile` cuts an exemplar's patch out of its image, marks padding, and maps log-polar patches back."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lp_core.network.receptive_field import receptive_field
from lp_core.network.vgg16 import VGG16
from lp_core.report.exemplar_tile import exemplar_tile, mapped_back


def tile(recipe, view, layer, row, col, image):
    box = receptive_field(layer).box(row, col)
    exemplar = {"rank": 0, "class_name": "star", "activation": 1.5}
    exemplar |= {f"rf_{edge}": getattr(box, edge) for edge in ("top", "left", "bottom", "right")}
    gradient = torch.randn(3, box.bottom - box.top, box.right - box.left, generator=torch.Generator().manual_seed(0))
    return exemplar_tile(exemplar, image, gradient, VGG16(12, recipe.network, view), recipe, view)


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)


def test_a_patch_is_the_box_and_padding_is_marked(small_recipe, image):
    one = tile(small_recipe, "cartesian", "conv2_2", 0, 8, image)
    box = receptive_field("conv2_2").box(0, 8)
    assert one.patch.shape == one.feature.shape == (14, 14, 4)
    assert (one.patch[: -box.top, :, 3] == 0).all()
    assert np.array_equal(one.patch[-box.top :, :, :3], image[: box.bottom, box.left : box.right])
    assert one.mapped_patch is None


@pytest.mark.parametrize("padding", ["zeros", "circular"])
def test_log_polar_rows_wrap_only_in_a_network_that_wraps(small_recipe, image, padding):
    recipe = replace(small_recipe, network=replace(small_recipe.network, angle_padding=padding))
    one = tile(recipe, "log_polar", "conv2_2", 0, 8, image)
    box = receptive_field("conv2_2").box(0, 8)
    assert (one.patch[: -box.top, :, 3] == (255 if padding == "circular" else 0)).all()
    if padding == "circular":
        assert np.array_equal(one.patch[: -box.top, :, :3], image[box.top :, box.left : box.right])
    assert one.mapped_patch.shape == one.mapped_feature.shape == (224, 224, 4)
    assert 0 < (one.mapped_patch[..., 3] > 0).mean() < 0.5


def test_a_field_that_goes_round_more_than_once_is_shown_once(small_recipe, image):
    recipe = replace(small_recipe, network=replace(small_recipe.network, angle_padding="circular"))
    one = tile(recipe, "log_polar", "conv5_3", 1, 1, image)
    assert one.patch.shape[0] == one.feature.shape[0] == 32
    assert len(np.unique(one.patch[..., :3].reshape(32, -1), axis=0)) == 32


def test_mapping_back_keeps_the_middle(small_recipe):
    from lp_core.images.network_input import log_polar_map

    ramp = np.tile(np.linspace(0, 255, 32).astype(np.uint8)[:, None, None], (1, 32, 3))
    back = mapped_back(log_polar_map(small_recipe.geometry).warp(ramp), small_recipe)
    middle = back[80:144, 112, 0].astype(int)
    assert back.shape == (224, 224, 4)
    assert (np.diff(middle) >= -2).all()
    assert middle[-1] - middle[0] > 40
