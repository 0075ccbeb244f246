"""Cascading randomisation changes the layers that it names and no other, and layers above a unit never enter."""

import pytest
import torch

from lp_core.exemplars.cascade import cascaded, depths, random_network
from lp_core.exemplars.guided_backprop import guided_backprop
from lp_core.network.initialization import first_network
from lp_core.network.layers import architecture_of, conv_layers
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


def plain_stack(seed: int) -> torch.nn.Sequential:
    """Of three layers; the second has a convolution without a ReLU, and batch normalisation, before its own."""
    torch.manual_seed(seed)
    nn = torch.nn
    return nn.Sequential(
        *(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.ReLU()),
        *(nn.Conv2d(4, 2, 3), nn.ReLU()),
    ).eval()


@pytest.mark.parametrize(("depth", "random_from"), [(0, 5), (1, 4), (2, 1), (3, 0)])
def test_a_convolution_without_a_relu_belongs_to_the_layer_behind_it(depth, random_from):
    trained, random = Stack.of(plain_stack(1)), Stack.of(plain_stack(2))
    mixed = cascaded(trained, random, "7", depth)
    assert [step.name for step in mixed.steps] == ["0", "2", "3", "4", "7"]
    assert mixed.steps == (*trained.steps[:random_from], *random.steps[random_from:])


@pytest.mark.parametrize("depth", [11, 13, 19])
def test_other_vggs_have_as_many_depths_as_layers(depth):
    settings = NetworkSettings(depth=depth, width=1 / 16, pool=1)
    layers = list(architecture_of(settings).channels)
    assert depths(layers[-1], architecture_of(settings)) == depth - 3
    mixed = cascaded(
        random_network(settings, "cartesian", 1), other := random_network(settings, "cartesian", 2), layers[-1], 3
    )
    own = Stack.of(other)
    assert [mixed.convolution(layer) is own.convolution(layer) for layer in layers] == [False] * (depth - 6) + [
        True
    ] * 3


def test_a_network_of_ones_own_gets_random_weights_by_its_seed():
    settings = NetworkSettings(modules="a Conv2d 3 4 3 1 1 1 1; a.relu ReLU; f Flatten; b Linear 64 2")
    first, again, other = (random_network(settings, "cartesian", seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["a.weight"], other["a.weight"])
    assert not first["a.bias"].any()
