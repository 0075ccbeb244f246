"""Equivariance errors: none where theory says none, a slow twin elsewhere, and the seam where padding is of zeros."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lp_core.measures.equivariance import Turn, turns
from lp_core.network.equivariance import equivariance_errors, turned
from lp_core.network.initialization import initialize
from lp_core.network.layers import conv_layers
from lp_core.network.stack import Stack
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings

SIZE = 32
SETTINGS = NetworkSettings(width=1 / 32, pool=1, angle_padding="circular")
LAYERS = list(conv_layers())
POOLS = [int(name[4]) - 1 for name in LAYERS]
"""Pools before each layer."""


def network(view: str = "log_polar", padding: str = "circular") -> VGG16:
    made = VGG16(3, replace(SETTINGS, angle_padding=padding), view)
    return initialize(made, "variance-preserving", 0).eval().double()


@pytest.fixture
def images() -> torch.Tensor:
    torch.set_num_threads(1)
    return torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, SIZE, SIZE)))


def test_behind_k_pools_a_roll_by_a_multiple_of_two_to_the_k_rows_leaves_no_error(images) -> None:
    rolls = turns("log_polar", SIZE)
    found = equivariance_errors(network(), images, images.flip(0), rolls)
    for place, turn in enumerate(rolls):
        for layer, pools in enumerate(POOLS):
            error_N = found.error_NTL[:, place, layer]
            if turn.rows % 2**pools == 0:
                assert error_N.max() <= 1e-12, (turn, LAYERS[layer])
            else:
                assert error_N.min() > 1e-3, (turn, LAYERS[layer])


def test_a_seam_leaves_an_error_that_padding_alone_explains(images) -> None:
    found = equivariance_errors(network(padding="zeros"), images, images.flip(0), turns("log_polar", SIZE))
    assert found.error_NTL.min() > 1e-3


def slow_error(view: str, x: torch.Tensor, turn: Turn, layer: str) -> list[float]:
    """Maps repeated to the rows of the input, rolled there, and compared unit by unit."""
    maps = []
    for image in (turned(x, turn), x):
        y = image
        for step in Stack.of(network(view)).up_to(layer):
            y = step.module(y)
            y = y.relu() if step.relu else y
        maps.append(y.detach().numpy())
    if turn.quarters:
        moved, own = maps[0], np.rot90(maps[1], turn.quarters, (2, 3))
    else:
        times = SIZE // maps[0].shape[2]
        moved, own = (np.repeat(each, times, axis=2) for each in maps)
        own = np.roll(own, -turn.rows, axis=2)
    return [float(np.linalg.norm(a - b) / np.linalg.norm(b)) for a, b in zip(moved, own, strict=True)]


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
@pytest.mark.parametrize("layer", ["conv1_1", "conv3_2", "conv5_3"])
def test_errors_equal_a_slow_twin(images, view, layer) -> None:
    every = turns(view, SIZE)
    found = equivariance_errors(network(view), images, images.flip(0), every)
    number = LAYERS.index(layer)
    for place, turn in enumerate(every):
        expected = slow_error(view, images, turn, layer)
        np.testing.assert_allclose(found.error_NTL[:, place, number].numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_the_input_turns_as_the_photograph_does_counterclockwise(images, quarters) -> None:
    expected = np.rot90(images.numpy(), quarters, (2, 3))
    np.testing.assert_array_equal(turned(images, Turn(90.0 * quarters, quarters=quarters)).numpy(), expected)


def test_controls_are_what_the_maps_themselves_differ_by(images) -> None:
    other = images.flip(0)
    found = equivariance_errors(network(), images, other, (Turn(90.0, rows=SIZE // 4),))
    stack = Stack.of(network())
    own, strange, moved = (
        stack.steps[0].module(x).relu().detach().numpy() for x in (images, other, images.roll(-SIZE // 4, 2))
    )
    for image in range(2):
        length = np.linalg.norm(own[image])
        unrelated, unmoved = (np.linalg.norm(each[image] - own[image]) / length for each in (strange, moved))
        assert float(found.unrelated_NL[image, 0]) == pytest.approx(unrelated, abs=1e-12)
        assert float(found.unmoved_NTL[image, 0, 0]) == pytest.approx(unmoved, abs=1e-12)


def test_a_network_that_is_silent_has_no_error() -> None:
    silent = network()
    for parameter in silent.parameters():
        parameter.data.zero_()
    x = torch.zeros(1, 3, SIZE, SIZE, dtype=torch.float64)
    found = equivariance_errors(silent, x, x, (Turn(90.0, rows=SIZE // 4),))
    assert found.error_NTL.isnan().all()
    assert found.unrelated_NL.isnan().all()


def test_a_map_whose_rows_are_no_parts_of_the_inputs_is_left_out() -> None:
    x = torch.randn(1, 3, 20, 20, dtype=torch.float64)
    found = equivariance_errors(network(padding="zeros"), x, x, (Turn(90.0, rows=5),))
    is_known_L = ~found.error_NTL[0, 0].isnan()
    assert is_known_L.tolist() == [20 % (20 >> pools) == 0 for pools in POOLS]
