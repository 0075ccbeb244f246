"""`vgg16` is torchvision's VGG-16, and rotation-equivariant where angles wrap."""

import numpy as np
import pytest
import torch
import torchvision

from lp_core.images.crop import Crop
from lp_core.images.look import Look
from lp_core.images.network_input import network_input
from lp_core.network.initialization import initialize
from lp_core.network.layers import conv_channels, conv_layers, vgg
from lp_core.network.stack import Stack
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings, ViewSettings

SMALL = NetworkSettings(width=1 / 16, pool=1, angle_padding="circular")


def test_the_standard_network_is_torchvisions():
    with torch.device("meta"):
        ours, theirs = VGG16(1000, NetworkSettings()), torchvision.models.vgg16()
    shapes = [{name: value.shape for name, value in network.state_dict().items()} for network in (ours, theirs)]
    assert shapes[0] == shapes[1]
    assert [type(module) for module in ours.features] == [type(module) for module in theirs.features]
    assert sum(value.numel() for value in ours.parameters()) == 138_357_544


@pytest.mark.parametrize("depth", [11, 13, 19])
def test_other_depths_are_torchvisions_in_both_directions(depth):
    with torch.device("meta"):
        ours, theirs = VGG16(1000, NetworkSettings(depth=depth)), torchvision.models.get_model(f"vgg{depth}")
    ours.load_state_dict(theirs.state_dict(), assign=True)
    theirs.load_state_dict(ours.state_dict(), assign=True)
    assert [type(module) for module in ours.features] == [type(module) for module in theirs.features]
    assert Stack.of(ours).architecture == Stack.of(theirs).architecture == vgg(depth)
    assert len(conv_layers(depth)) == depth - 3


@pytest.mark.parametrize("depth", [11, 19])
@pytest.mark.parametrize("how", ["torchvision", "variance-preserving", "looks-linear"])
def test_other_depths_learn(depth, how):
    settings = NetworkSettings(depth=depth, width=1 / 16, pool=1, dropout=0.0, angle_padding="circular")
    network = initialize(VGG16(3, settings, "log_polar"), how, 0)
    loss = torch.nn.functional.cross_entropy(network(torch.randn(4, 3, 32, 32)), torch.tensor([0, 1, 2, 0]))
    loss.backward()
    assert all(value.grad is not None and value.grad.isfinite().all() for value in network.parameters())


def test_weights_give_torchvisions_predictions():
    with torch.device("meta"):
        theirs, ours = torchvision.models.vgg16().eval(), VGG16(1000, NetworkSettings()).eval()
    theirs = theirs.to_empty(device="cpu")
    torch.manual_seed(0)
    with torch.no_grad():
        for value in theirs.parameters():
            value.uniform_(-0.05, 0.05)
    ours.load_state_dict(theirs.state_dict(), assign=True)
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(ours(x), theirs(x))


def test_layers_are_named_as_in_the_paper():
    assert conv_layers() == {
        "conv1_1": 0, "conv1_2": 2, "conv2_1": 5, "conv2_2": 7, "conv3_1": 10, "conv3_2": 12, "conv3_3": 14,
        "conv4_1": 17, "conv4_2": 19, "conv4_3": 21, "conv5_1": 24, "conv5_2": 26, "conv5_3": 28,
    }  # fmt: skip
    assert sum(conv_channels(1.0).values()) == 4224
    network = VGG16(2, SMALL)
    for name, channels in conv_channels(SMALL.width).items():
        assert network.features[conv_layers()[name]].out_channels == channels


@pytest.mark.parametrize("turns", [1, 3])
def test_rolling_angles_rolls_features(turns):
    network = initialize(VGG16(2, SMALL, "log_polar"), "variance-preserving", 0).double().eval()
    x = torch.randn(1, 3, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    conv_features = network.features[:30]
    with torch.inference_mode():
        rolled = conv_features(x.roll(16 * turns, 2))
        assert torch.allclose(rolled, conv_features(x).roll(turns, 2), rtol=0, atol=1e-12)


@pytest.mark.parametrize("pools", [0, 1, 2, 3, 4])
def test_turning_the_picture_by_2_to_the_k_sectors_rolls_maps_behind_k_pools_by_one_row(pools):
    """From the look at a photograph to the maps of every block, in float64."""
    network = initialize(VGG16(2, SMALL, "log_polar"), "variance-preserving", 0).double().eval()
    behind = network.features[: [4, 9, 16, 23, 30][pools]]
    image = np.random.default_rng(0).integers(0, 256, (90, 80, 3), dtype=np.uint8)
    looks = Look(), Look(rotation=2**pools * 360 / 64)
    inputs = [network_input(image, Crop(5, 0, 80, 80), "log_polar", ViewSettings(size=64), look) for look in looks]
    with torch.inference_mode():
        straight, turned = (behind(torch.from_numpy(x).double().permute(2, 0, 1)[None] / 255) for x in inputs)
    assert torch.allclose(turned, straight.roll(-1, 2), rtol=0, atol=1e-12)
    assert not torch.allclose(turned, straight, rtol=0, atol=1e-3)


def test_only_log_polar_input_is_wrapped_and_names_stay():
    plain, wrapped = VGG16(2, SMALL, "cartesian"), VGG16(2, SMALL, "log_polar")
    wrapped.load_state_dict(plain.state_dict())
    assert type(plain.features[0]) is torch.nn.Conv2d
    x = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    inner = plain.features[0](x)[:, :, 1:-1], wrapped.features[0](x)[:, :, 1:-1]
    torch.testing.assert_close(*inner)
    assert not torch.allclose(plain.features[0](x)[:, :, 0], wrapped.features[0](x)[:, :, 0])
