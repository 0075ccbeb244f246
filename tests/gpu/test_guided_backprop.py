"""Guided backpropagation and the warp on a GPU are captum's and the CPU's."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from lp_core.exemplars.guided_backprop import guided_backprop
from lp_core.images.log_polar import LogPolarMap
from lp_core.images.tensor import LogPolar
from lp_core.network.initialization import first_network
from lp_core.network.layers import conv_layers
from lp_core.network.receptive_field import receptive_field
from lp_core.settings import NetworkSettings
from tests.gpu.device import on_devices

SETTINGS = NetworkSettings(width=1 / 16, pool=1, initialization="variance-preserving")


@on_devices
@pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU:UserWarning")
@pytest.mark.parametrize("layer", ["conv1_2", "conv2_2", "conv3_1"])
def test_in_float64_it_is_captums(device, layer):
    attr = pytest.importorskip("captum.attr", reason="captum is not installed")
    network = first_network(SETTINGS, "log_polar", 10, seed=0).double().eval().to(device)
    x_13SR = torch.randn(1, 3, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).to(device)
    until = copy.deepcopy(network.features[: conv_layers()[layer] + 2])
    for module in until:
        if isinstance(module, nn.ReLU):
            module.inplace = False
    middle = until(x_13SR).shape[2] // 2
    unit = (int(until(x_13SR)[0, :, middle, middle].argmax()), middle, middle)
    ours_13LL, activation = guided_backprop(network, x_13SR, layer, [unit])
    assert activation.item() > 0
    theirs_13SR = attr.GuidedBackprop(until).attribute(x_13SR.clone().requires_grad_(), target=unit).detach()
    top, left, bottom, right = receptive_field(layer).box(*unit[1:])
    assert min(top, left) >= 0
    assert max(bottom, right) <= 64
    torch.testing.assert_close(ours_13LL, theirs_13SR[:, :, top:bottom, left:right], rtol=1e-12, atol=1e-14)


@on_devices
@pytest.mark.parametrize("layer", ["conv1_2", "conv3_3", "conv4_3", "conv5_3"])
def test_units_at_edges_are_the_cpus(device, layer):
    network = first_network(SETTINGS, "log_polar", 10, seed=0).double().eval()
    x = torch.randn(4, 3, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    side = 64 // receptive_field(layer).stride
    units = [(1, 0, 0), (0, side - 1, side // 2), (2, side // 2, side - 1), (1, side - 1, side - 1)]
    expected, activations = guided_backprop(network, x, layer, units)
    found, on_device = guided_backprop(copy.deepcopy(network).to(device), x.to(device), layer, units)
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(on_device.cpu(), activations, rtol=1e-9, atol=1e-12)


@on_devices
def test_a_warp_is_the_cpus(device):
    eye = LogPolar(LogPolarMap(size=(72, 72), sectors=64, rings=64))
    image = torch.rand(2, 3, 72, 72, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(copy.deepcopy(eye).to(device)(image.to(device)).cpu(), eye(image), rtol=1e-4, atol=1e-5)
