"""`peaks` and `verification` find the exemplars of AlexNet, other VGGs and random stacks as brute force does."""

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from torch import nn

from lp_core.exemplars.peaks import find_peaks
from lp_core.exemplars.table import InputShares, exemplar_table
from lp_core.exemplars.top_k import TopK
from lp_core.exemplars.verification import brute_force, exemplar_differences
from lp_core.network.stack import Stack
from tests.reference.stacks import NETWORKS, SIDES, network_of, plain_maps, stacks
from tests.reference.top_k import nine


def check_peaks(network: nn.Module, shape_SR: tuple[int, int]) -> None:
    """Value and place of every channel's largest activation, by a loop over the maps of the modules themselves."""
    x = torch.randn(3, 3, *shape_SR, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    found = find_peaks(network, x.clone())
    maps = [map_NCSR.detach() for _, map_NCSR in plain_maps(network, x.clone())]
    assert found.value_NC.shape[1] == sum(map_NCSR.shape[1] for map_NCSR in maps)
    channel = 0
    for map_NCSR in maps:
        for own_NSR in map_NCSR.unbind(1):
            for image, activation_SR in enumerate(own_NSR.numpy()):
                value, (row, col) = float(found.value_NC[image, channel]), found.position_NC2[image, channel].tolist()
                assert value == pytest.approx(float(activation_SR.max()), rel=1e-6)
                if value > 0:  # a folded normalisation rounds otherwise: of near equals either may be the largest
                    assert activation_SR[row, col] == pytest.approx(float(activation_SR.max()), rel=1e-10)
                else:
                    assert (row, col) == (-1, -1)
            channel += 1


@pytest.mark.parametrize("name", NETWORKS)
def test_known_networks(name: str) -> None:
    check_peaks(network_of(name), NETWORKS[name][1])


@given(stacks())
@settings(max_examples=40)
def test_random_stacks(network: nn.Sequential) -> None:
    check_peaks(network, SIDES)


def check_scan(network: nn.Module, shape_SR: tuple[int, int], step: int) -> None:
    """The nine of each channel, from peaks of batches, are those of `brute_force` and of a sort of all activations."""
    rows, cols = shape_SR
    stack = Stack.of(network)
    images = torch.randn(25, 3, rows, cols, dtype=torch.float64, generator=torch.Generator().manual_seed(9))
    batches = [(list(range(start, start + 5)), images[start : start + 5]) for start in range(0, 25, 5)]
    channels = stack.architecture.channels
    top_k = TopK.empty(sum(channels.values()))
    values = []
    for numbers, x in batches:
        peaks = find_peaks(network, x.clone(), rows=numbers)
        values.append(peaks.value_NC.numpy())
        top_k = top_k.push(peaks, numbers)
    names = pa.table({"row": range(25), "image_id": [str(row) for row in range(25)], "label": [0] * 25})
    shares = InputShares((rows, cols))
    table = exemplar_table(top_k, channels, names, ["all"], {}, shares, stack.architecture)
    found = brute_force(network, [(numbers, x.clone()) for numbers, x in batches], table)
    assert exemplar_differences(table, found) == []
    value_NC = np.concatenate(values)
    for channel in range(0, value_NC.shape[1], step):
        expected = nine([(float(value), row) for row, value in enumerate(value_NC[:, channel])])
        assert top_k.row_CK[channel].tolist()[: len(expected)] == [row for _, row in expected]


@pytest.mark.parametrize("name", ["alexnet", "vgg11", "vgg19", "vgg16_bn"])
def test_a_scan_of_a_known_network_agrees_with_brute_force(name: str) -> None:
    check_scan(network_of(name), NETWORKS[name][1], 17)


@given(stacks())
@settings(max_examples=25)
def test_a_scan_of_a_random_stack_agrees_with_brute_force(network: nn.Sequential) -> None:
    check_scan(network, SIDES, 1)
