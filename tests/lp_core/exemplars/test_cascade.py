"""Cascading randomisation changes the layers that it names and no other, and layers above a unit never enter."""

import pytest
import torch

from lp_core.exemplars.cascade import cascaded, depths, random_network
from lp_core.exemplars.guided_backprop import guided_backprop
from lp_core.network.initialization import first_network
from lp_core.network.layers import conv_layers
from lp_core.network.stack import Stack
from lp_core.settings import NetworkSettings

LAYERS = list(conv_layers())


def network(seed: int, **settings):
    settings = {"width": 1 / 16, "pool": 2, "initialization": "variance-preserving", **settings}
    return first_network(NetworkSettings(**settings), "cartesian", 5, seed)


def weights(net) -> list[torch.Tensor]:
    stack = Stack.of(net)
    return [stack.convolution(layer).weight for layer in stack.layers]


@pytest.mark.parametrize("initialization", ["torchvision", "variance-preserving", "looks-linear"])
def test_random_weights_are_those_that_a_training_could_start_from(initialization):
    settings = NetworkSettings(width=1 / 16, pool=2, initialization=initialization)
    random = random_network(settings, "cartesian", 4)
    assert all(map(torch.equal, weights(random), weights(network(4, initialization=initialization))))


@pytest.mark.parametrize("depth", [0, 1, 3, 8])
def test_the_layers_from_the_units_own_down_are_random(depth):
    trained, random = network(1), network(2)
    mixed = cascaded(trained, random, "conv4_1", depth)
    own = depths("conv4_1")
    for place, (seen, before, other) in enumerate(zip(*map(weights, (mixed, trained, random)), strict=True)):
        is_random = own - depth <= place < own
        assert seen is (other if is_random else before), LAYERS[place]
    assert all(map(torch.equal, weights(trained), weights(network(1)))), "the trained network stays"


@pytest.mark.parametrize("depth", [-1, 9])
def test_a_depth_that_does_not_exist_is_refused(depth):
    with pytest.raises(ValueError, match=f"depth is {depth}; conv4_1 depends on 8 layers"):
        cascaded(network(1), network(2), "conv4_1", depth)


def test_layers_above_the_unit_never_enter_its_picture():
    trained, random = network(1), network(2)
    above = network(1)
    for name in LAYERS[depths("conv3_1") :]:
        above.features[conv_layers()[name]] = random.features[conv_layers()[name]]
    x = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    pictures = [guided_backprop(net, x, "conv3_1", [(3, 4, 4)], "deconvnet")[0] for net in (trained, above)]
    assert pictures[0].any()
    assert torch.equal(*pictures)
