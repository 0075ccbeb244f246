"""Tests of pictures on planted networks: equal weights, one px that drives a unit, fields around the circle; captum."""

import numpy as np
import pytest
import torch
from captum.attr import FeatureAblation

from lp_core.exemplars.cascade import depths, random_network
from lp_core.exemplars.sanity import ChannelExemplars, channel_sanity
from lp_core.network.inputs import normalized
from lp_core.network.layers import conv_layers
from lp_core.network.receptive_field import receptive_field
from lp_core.network.stack import Stack
from lp_core.settings import NetworkSettings

SIZE = 32


def network(seed: int, view: str = "cartesian", angle_padding: str = "zeros"):
    settings = NetworkSettings(width=1 / 16, initialization="variance-preserving", angle_padding=angle_padding)
    return random_network(settings, view, seed)


@torch.no_grad()
def strongest_units(net, layer: str, images: np.ndarray, channel: int | None = None) -> ChannelExemplars:
    """The strongest unit of a channel in each image; of the channel that is most active in all of them."""
    map_NCHW = net.features[: conv_layers()[layer] + 2](normalized(images, torch.device("cpu")))
    channel = int(map_NCHW.amax((2, 3)).amin(0).argmax()) if channel is None else channel
    positions = [tuple(divmod(int(m[channel].argmax()), m.shape[2])) for m in map_NCHW]
    boxes = [receptive_field(layer).box(*position) for position in positions]
    return ChannelExemplars(layer, channel, list(range(len(images))), positions, boxes, images, seed=7)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3), np.uint8)


def values(found, test: str, rule: str | None = None, depth: int | None = None) -> list[float]:
    return [
        value
        for _, of_rule, name, at, value in found.rows
        if name == test and rule in (None, of_rule) and depth in (None, at)
    ]


def test_equal_weights_draw_equal_pictures(images):
    net = network(1)
    found = channel_sanity(net, network(1), strongest_units(net, "conv3_2", images))
    assert values(found, "random") == pytest.approx([1.0] * 3 * 3 * depths("conv3_2"))
    assert values(found, "random_ssim") == pytest.approx([1.0] * 3 * 3 * depths("conv3_2"))
    assert min(values(found, "retest")) > 0.9
    assert max(values(found, "chance")) < 0.9


def test_other_weights_draw_other_pictures_and_the_first_is_their_own(images):
    net = network(1)
    seen = strongest_units(net, "conv3_2", images)
    found = channel_sanity(net, network(2), seen)
    assert max(values(found, "random", "gradient", 1)) < 0.99
    assert len(found.cascade["guided"]) == 1 + depths("conv3_2")
    assert found.activations == pytest.approx(
        [
            map_CHW[seen.channel].max()
            for map_CHW in net.features[: conv_layers()["conv3_2"] + 2](normalized(images, torch.device("cpu")))
            .detach()
            .numpy()
        ],
        rel=1e-5,
    )


def test_blanking_the_only_px_that_drives_a_unit_leaves_nothing(images):
    net = network(1)
    with torch.no_grad():
        first = net.features[0]
        first.weight[0] = 0
        first.weight[0, :, 1, 1] = 1
        first.bias[0] = 0
    images[:, 10, 12] = 255  # far from the rim
    found = channel_sanity(net, network(2), strongest_units(net, "conv1_1", images, channel=0))
    assert values(found, "deletion_box") == [0.0] * 9
    assert values(found, "deletion_elsewhere") == pytest.approx([1.0] * 9)
    assert values(found, "deletion_share") == [0.95] * 9
    assert values(found, "occlusion_energy") == [0.0] * 9
    # One px of nine at random: it is the one that counts in a ninth of the draws.
    assert np.mean(values(found, "occlusion_random")) == pytest.approx(8 / 9, abs=0.15)


def test_what_is_left_is_what_captum_finds(images):
    net = network(1)
    seen = strongest_units(net, "conv2_2", images)
    found = channel_sanity(net, network(2), seen)
    x = normalized(images, torch.device("cpu"))
    features, (channel, row, col) = net.features[: conv_layers()["conv2_2"] + 2], seen.units[0]

    def unit(x_N3SR: torch.Tensor) -> torch.Tensor:
        return features(x_N3SR)[:, channel, row, col]

    # The tenth of the field with most energy, by autograd.
    x_0 = x[:1].clone().requires_grad_()
    unit(x_0).sum().backward()
    top, left, bottom, right = seen.boxes[0]
    energy = np.zeros((SIZE, SIZE))
    window = slice(max(top, 0), bottom), slice(max(left, 0), right)
    energy[window] = x_0.grad[0].square().sum(0).numpy()[window]
    pixels = energy[window].size
    mask = np.zeros(SIZE * SIZE, int)
    mask[np.argsort(-energy.ravel())[: int(np.ceil(pixels / 10))]] = 1
    lost = FeatureAblation(unit).attribute(
        x[:1].detach(), baselines=0, feature_mask=torch.tensor(mask).reshape(1, 1, SIZE, SIZE)
    )
    lost = lost[0].reshape(3, -1)[0, int(np.flatnonzero(mask)[0])]
    before = float(unit(x[:1]).detach())
    assert values(found, "occlusion_energy", "gradient")[0] == pytest.approx(1 - float(lost) / before, abs=1e-4)


def test_a_field_around_the_whole_circle_and_an_exemplar_alone(images):
    net = network(1, "log_polar", "circular")
    seen = strongest_units(net, "conv5_1", images[:1])
    found = channel_sanity(net, network(2, "log_polar", "circular"), seen)
    assert np.isnan(values(found, "chance")).all()
    assert np.isnan(values(found, "edges_chance")).all()
    assert found.cascade["guided"][0].shape[1] == SIZE, "one turn"
    assert np.isfinite(values(found, "occlusion_energy", "guided")).all()


def test_the_same_exemplars_give_the_same_numbers(images):
    net = network(1)
    seen = strongest_units(net, "conv2_1", images)
    first, again = (channel_sanity(net, network(2), seen) for _ in range(2))
    np.testing.assert_equal(first.rows, again.rows)


def test_a_network_of_another_kind_is_tested_by_all_its_layers(images):
    torch.manual_seed(0)
    nets = [
        torch.nn.Sequential(
            *(torch.nn.Conv2d(3, 6, 5, 2, 2), torch.nn.ReLU(), torch.nn.MaxPool2d(3, 2)),
            *(
                torch.nn.Conv2d(6, 6, 3, padding=1, groups=2),
                torch.nn.ReLU(),
                torch.nn.Conv2d(6, 4, 3),
                torch.nn.ReLU(),
            ),
        ).eval()
        for _ in range(2)
    ]
    architecture = Stack.of(nets[0]).architecture
    with torch.no_grad():
        map_NCHW = nets[0](normalized(images, torch.device("cpu")))
    channel = int(map_NCHW.amax((2, 3)).amin(0).argmax())
    positions = [tuple(divmod(int(m[channel].argmax()), m.shape[2])) for m in map_NCHW]
    boxes = [receptive_field("5", architecture).box(*position) for position in positions]
    seen = ChannelExemplars("5", channel, [0, 1, 2], positions, boxes, images, 7, architecture)
    found = channel_sanity(nets[0], nets[1], seen)
    assert found.activations == pytest.approx(map_NCHW[:, channel].amax((1, 2)).numpy(), rel=1e-5)
    assert {row[3] for row in found.rows if row[2] == "random"} == {1, 2, 3}
    same = channel_sanity(nets[0], nets[0], seen)
    assert values(same, "random", "guided", 3) == pytest.approx([1.0] * 3)
    assert max(values(found, "random", "guided", 3)) < 0.99
