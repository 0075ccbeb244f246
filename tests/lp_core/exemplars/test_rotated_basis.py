"""`rotated_basis` mixes the channels of each layer by an orthogonal matrix and changes nothing else."""

import numpy as np
import pytest
import torch

from lp_core.exemplars.peaks import find_peaks
from lp_core.exemplars.rotated_basis import layer_rotations, rotated
from lp_core.measures.nulls import mixed_channels
from lp_core.network.layers import conv_layers


@pytest.fixture(scope="module")
def rotations():
    return layer_rotations({"conv1_1": 8, "conv1_2": 8, "conv5_3": 24}, 3, torch.device("cpu"))


def test_matrices_are_orthogonal_and_of_their_layer_and_seed(rotations):
    for matrix in rotations.values():
        assert torch.allclose(matrix @ matrix.T, torch.eye(len(matrix)), atol=1e-5)
    assert not torch.equal(rotations["conv1_1"], rotations["conv1_2"])
    again = layer_rotations({"conv1_1": 8}, 3, torch.device("cpu"))
    assert torch.equal(again["conv1_1"], rotations["conv1_1"])
    other = layer_rotations({"conv1_1": 8}, 4, torch.device("cpu"))
    assert not torch.equal(other["conv1_1"], rotations["conv1_1"])


def test_equal_to_the_slow_mixing(rotations):
    maps = torch.rand(3, 24, 5, 7).contiguous(memory_format=torch.channels_last)
    slow = mixed_channels(maps.numpy().astype(np.float64), rotations["conv5_3"].numpy().astype(np.float64)).clip(0)
    assert np.allclose(rotated(maps, rotations["conv5_3"]).numpy(), slow, atol=1e-5)


def test_the_identity_finds_the_peaks_of_the_channels(random_network, random_images):
    network, images = random_network(), random_images(4, 32, 32)
    channels = {layer: network.features[index].out_channels for layer, index in conv_layers().items()}
    identity = {layer: torch.eye(count) for layer, count in channels.items()}
    plain, mixed = find_peaks(network, images), find_peaks(network, images, rotations=identity)
    assert torch.equal(plain.value_NC, mixed.value_NC)
    assert torch.equal(plain.position_NC2, mixed.position_NC2)
    turned = find_peaks(network, images, rotations=layer_rotations(channels, 0, torch.device("cpu")))
    assert not torch.equal(plain.value_NC, turned.value_NC)
    assert (turned.value_NC >= 0).all()
