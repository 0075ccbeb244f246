"""captum attributes through the log-polar layer, and its guided backpropagation is ours where the layer is in front."""

import copy

import pytest
import torch
from torch import nn

from lp_core import LogPolar, LogPolarMap, NetworkSettings, guided_backprop, receptive_field
from lp_core.network.initialization import first_network
from lp_core.network.layers import conv_layers

attr = pytest.importorskip("captum.attr", reason="captum is not installed")

EYE = LogPolar(LogPolarMap(size=(72, 72), sectors=64, rings=64))
SETTINGS = NetworkSettings(width=1 / 16, pool=1, initialization="variance-preserving")


def test_integrated_gradients_through_the_layer_add_up() -> None:
    """Completeness (Sundararajan et al. 2017): attributions add up to the difference from the baseline."""
    network = nn.Sequential(EYE, first_network(SETTINGS, "log_polar", 10, seed=0)).double().eval()
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    x_13HW = torch.rand(1, 3, 72, 72, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    zero = torch.zeros_like(x_13HW)
    attribution = attr.IntegratedGradients(network).attribute(x_13HW, zero, target=3, n_steps=400)
    difference = (network(x_13HW) - network(zero))[0, 3]
    assert attribution.sum().item() == pytest.approx(difference.item(), rel=0.02)


@pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU:UserWarning")
def test_guided_backpropagation_of_a_unit_is_captums() -> None:
    network = first_network(SETTINGS, "log_polar", 10, seed=0).eval()
    x_13SR = EYE(torch.rand(1, 3, 72, 72, generator=torch.Generator().manual_seed(1)))
    layer = "conv3_1"
    until = copy.deepcopy(network.features[: conv_layers()[layer] + 2])
    for module in until:
        if isinstance(module, nn.ReLU):
            module.inplace = False
    unit = (int(until(x_13SR)[0, :, 8, 8].argmax()), 8, 8)  # in the middle: all of what it sees lies in the image
    ours_13LL, activation = guided_backprop(network, x_13SR, layer, [unit])
    assert activation.item() > 0
    theirs_13SR = attr.GuidedBackprop(until).attribute(x_13SR.clone().requires_grad_(), target=unit)
    top, left, bottom, right = receptive_field(layer).box(*unit[1:])
    torch.testing.assert_close(ours_13LL, theirs_13SR[:, :, top:bottom, left:right].detach(), rtol=1e-4, atol=1e-7)
