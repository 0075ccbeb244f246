"""`initialization` draws weights from the seed, with the variance or the oddness that each scheme promises."""

from typing import get_args

import pytest
import torch

from lp_core.network.initialization import INITIALIZATIONS, Initialization, initialize
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings

SMALL = NetworkSettings(width=1 / 16, pool=2)


def test_every_scheme_that_can_be_named_has_a_function():
    assert set(INITIALIZATIONS) == set(get_args(Initialization))


@pytest.mark.parametrize("how", INITIALIZATIONS)
def test_first_weights_follow_the_seed(how):
    networks = [initialize(VGG16(10, SMALL), how, seed).state_dict() for seed in (0, 0, 1)]
    assert all(torch.equal(networks[0][name], networks[1][name]) for name in networks[0])
    assert not torch.equal(networks[0]["features.0.weight"], networks[2]["features.0.weight"])


def test_variance_is_preserved():
    network = initialize(VGG16(10, NetworkSettings(width=0.5, pool=2)), "variance-preserving", 0).eval()
    x = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        second_moment = network.features[:30](x).square().mean().item()
        first = network.features[:2](x).square().mean().item()
    assert 0.2 < second_moment / first < 5


def test_looks_linear_keeps_the_length_of_a_plain_colour():
    network = initialize(VGG16(10, NetworkSettings(width=1 / 8)), "looks-linear", 0).double().eval()
    colour = torch.tensor([0.3, -1.2, 2.0], dtype=torch.float64)
    with torch.inference_mode():
        features = network.features[:30](colour[None, :, None, None].expand(1, 3, 64, 64))
    torch.testing.assert_close(features.square().sum(1), colour.square().sum().expand(1, 4, 4), rtol=1e-6, atol=0)


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
def test_a_looks_linear_network_is_odd(view):
    settings = NetworkSettings(width=1 / 16, pool=2, angle_padding="circular")
    network = initialize(VGG16(10, settings, view), "looks-linear", 0).double().eval()
    x = torch.randn(2, 3, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        logits = network(x)
        torch.testing.assert_close(network(-x), -logits, rtol=0, atol=1e-12)
    assert logits.std() > 0.1
