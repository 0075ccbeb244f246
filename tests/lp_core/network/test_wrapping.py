"""A training step that wraps rows while ReLU writes them equals one that copies maps, to the bit."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from lp_core.network.initialization import initialize
from lp_core.network.vgg16 import VGG16
from lp_core.network.wrapping import WrappingReLU, wrapped_features, wrapped_rows
from lp_core.settings import NetworkSettings

SMALL = NetworkSettings(width=1 / 16, pool=1, dropout=0.0, angle_padding="circular")


def plain(features, x):
    """Every convolution copies its map."""
    return features(x)


@pytest.mark.parametrize("size", [(32, 32), (64, 48), (96, 33)])
@pytest.mark.parametrize("memory_format", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("depth", [11, 16, 19])
def test_maps_and_gradients_are_those_of_copies(size, memory_format, precision, depth):
    network = VGG16(3, replace(SMALL, depth=depth), "log_polar")
    initialize(network, "variance-preserving", 0)
    network = network.to(memory_format=memory_format)
    x = torch.randn(4, 3, *size, generator=torch.Generator().manual_seed(0)).to(memory_format=memory_format)
    found = []
    for way in (plain, wrapped_features):
        given = x.clone().requires_grad_()
        with torch.autocast("cpu", precision, enabled=precision != torch.float32):
            maps = way(network.features, given)
        parameters = [given, *network.features.parameters()]
        weight = torch.linspace(-1, 1, maps.numel()).view(maps.shape)  # of both signs
        found.append([maps.detach(), *torch.autograd.grad((maps.float() * weight).sum(), parameters)])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))
    assert found[0][1].abs().sum() > 0


@pytest.mark.parametrize(("depth", "followed"), [(11, 3), (13, 5), (16, 8), (19, 11)])
def test_the_network_learns_that_way(monkeypatch, depth, followed):
    network = VGG16(3, replace(SMALL, depth=depth), "log_polar")
    x = torch.randn(2, 3, 32, 32)
    calls = []
    monkeypatch.setattr(WrappingReLU, "apply", lambda y: calls.append(y.shape) or wrapped_rows(F.relu(y)))
    network(x).sum().backward()
    assert len(calls) == followed  # the ReLUs that a convolution follows
    with torch.no_grad():
        network(x)
    VGG16(3, replace(SMALL, depth=depth), "cartesian")(x)
    assert len(calls) == followed


def test_gradients_are_those_of_finite_differences():
    x = torch.randn(2, 2, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1), requires_grad=True)
    assert torch.autograd.gradcheck(WrappingReLU.apply, (x,))


def test_one_row_is_its_own_neighbour_on_both_sides():
    x = torch.tensor([-1.0, 2.0]).view(1, 1, 1, 2).requires_grad_()
    wrapped = WrappingReLU.apply(x)
    assert torch.equal(wrapped, wrapped_rows(F.relu(x)))
    wrapped.sum().backward()
    assert x.grad.tolist() == [[[[0.0, 3.0]]]]
