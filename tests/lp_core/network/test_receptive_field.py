"""`receptive_field` gives the boxes that an experiment on the network itself finds."""

import numpy as np
import pytest
import torch

from lp_core.network.layers import conv_layers
from lp_core.network.receptive_field import map_shape, receptive_field
from lp_core.network.stack import Stack
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings
from tests.reference.receptive_field import seen_pixels

# Stride, offset and size, as published for VGG-16 by several authors and checked below by experiment.
TABLE = {
    "conv1_1": (1, 1, 3),
    "conv1_2": (1, 2, 5),
    "conv2_1": (2, 4, 10),
    "conv2_2": (2, 6, 14),
    "conv3_1": (4, 10, 24),
    "conv3_2": (4, 14, 32),
    "conv3_3": (4, 18, 40),
    "conv4_1": (8, 26, 60),
    "conv4_2": (8, 34, 76),
    "conv4_3": (8, 42, 92),
    "conv5_1": (16, 58, 132),
    "conv5_2": (16, 74, 164),
    "conv5_3": (16, 90, 196),
}


@pytest.mark.parametrize("layer", conv_layers())
def test_the_known_table(layer: str) -> None:
    assert receptive_field(layer) == TABLE[layer]


@pytest.mark.parametrize("angle_padding", ["zeros", "circular"])
def test_the_networks_own_modules_give_the_table(angle_padding) -> None:
    network = VGG16(2, NetworkSettings(width=1 / 64, angle_padding=angle_padding), "log_polar")
    architecture = Stack.of(network).architecture
    assert {layer: receptive_field(layer, architecture) for layer in conv_layers()} == TABLE


@pytest.mark.parametrize("layer", ["conv1_1", "conv1_2", "conv2_2", "conv3_1", "conv4_1"])
@pytest.mark.parametrize("shape_SR", [(32, 32), (64, 48)])
def test_the_box_is_what_a_unit_sees(layer: str, shape_SR: tuple[int, int]) -> None:
    rows, cols = map_shape(layer, shape_SR)
    for row in range(rows):
        for col in {0, 1, cols // 2, cols - 1}:
            box = receptive_field(layer).box(row, col)
            expected = np.zeros(shape_SR, bool)
            expected[max(box.top, 0) : box.bottom, max(box.left, 0) : box.right] = True
            np.testing.assert_array_equal(seen_pixels(layer, shape_SR, row, col), expected)


@pytest.mark.parametrize("layer", ["conv1_2", "conv2_2", "conv3_3", "conv4_1", "conv5_1", "conv5_3"])
@pytest.mark.parametrize("shape_SR", [(16, 16), (32, 37), (48, 64), (80, 33), (144, 40)])
def test_the_box_wraps_around_a_circle_that_the_pools_halve_evenly(layer: str, shape_SR: tuple[int, int]) -> None:
    rows, cols = map_shape(layer, shape_SR)
    for row in {0, 1 % rows, rows // 2, rows - 1}:
        for col in {0, cols // 2, cols - 1}:
            box = receptive_field(layer).box(row, col)
            seen = seen_pixels(layer, shape_SR, row, col, circular=True)
            inside = np.zeros(shape_SR, bool)
            inside[np.arange(box.top, box.bottom) % shape_SR[0], max(box.left, 0) : box.right] = True
            dropped = shape_SR[1] - cols * receptive_field(layer).stride  # columns are no circle, and may be odd
            assert not (seen & ~inside).any()
            if dropped == 0:
                np.testing.assert_array_equal(seen, inside)


def test_a_circle_with_dropped_rows_has_no_box() -> None:
    """Why settings refuse it: at view.size 77 this unit sees rows beyond its box."""
    box = receptive_field("conv2_2").box(36, 10)
    seen = seen_pixels("conv2_2", (77, 77), 36, 10, circular=True)
    seen[np.arange(box.top, box.bottom) % 77] = False
    assert seen.any()


@pytest.mark.parametrize("layer", ["conv2_1", "conv3_3", "conv4_2", "conv5_3"])
@pytest.mark.parametrize("shape_SR", [(33, 47), (61, 50), (35, 36), (39, 45), (63, 62), (77, 77), (47, 95), (111, 57)])
def test_nothing_outside_the_box_is_seen_where_a_pool_drops_a_row(layer: str, shape_SR: tuple[int, int]) -> None:
    rows, cols = map_shape(layer, shape_SR)
    for row, col in {(0, 0), (rows - 1, cols - 1), (rows // 2, 0)}:
        box = receptive_field(layer).box(row, col)
        seen = seen_pixels(layer, shape_SR, row, col)
        assert seen.any()
        seen[max(box.top, 0) : box.bottom, max(box.left, 0) : box.right] = False
        assert not seen.any()


@pytest.mark.parametrize("shape_SR", [(32, 32), (45, 70)])
def test_map_shapes_are_those_of_the_network(shape_SR: tuple[int, int]) -> None:
    features = VGG16(2, NetworkSettings(width=1 / 64)).features
    y = torch.zeros(1, 3, *shape_SR)
    shapes = []
    for module in features:
        y = module(y)
        if isinstance(module, torch.nn.Conv2d):
            shapes.append(tuple(y.shape[2:]))
    assert shapes == [map_shape(layer, shape_SR) for layer in conv_layers()]


def test_an_unknown_layer_is_named() -> None:
    with pytest.raises(KeyError, match=r"conv6_1.*conv1_1"):
        receptive_field("conv6_1")
