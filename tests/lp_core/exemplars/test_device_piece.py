"""A piece that is counted on the device equals, byte for byte, the one that NumPy counts; faults are named the same."""

import itertools
import math

import numpy as np
import pytest
import torch

from lp_core.errors import DataError
from lp_core.exemplars.device_piece import DevicePiece
from lp_core.exemplars.map_regions import map_regions
from lp_core.exemplars.peaks import ActivationError, _map_peaks, find_peaks, first_maxima
from lp_core.exemplars.ring_sums import LayerTensors, ring_sums, ring_tensors
from lp_core.exemplars.scan_result import ScanResult, half_precision
from lp_core.network.layers import conv_channels
from lp_core.settings import ViewSettings

WIDTH, SHAPE, BATCH = 1 / 64, (64, 64), 4
CHANNELS = conv_channels(WIDTH)
FIRSTS = dict(zip(CHANNELS, itertools.accumulate(CHANNELS.values(), initial=0), strict=False))
THRESHOLD_C = np.full(sum(CHANNELS.values()), 0.5, np.float32)


def empty() -> ScanResult:
    return ScanResult.empty(CHANNELS, SHAPE, THRESHOLD_C)


@pytest.fixture
def images(random_images) -> torch.Tensor:
    """Repeated, constant and ordinary images: ties, and channels that stay silent."""
    x_N3SR = random_images(21, *SHAPE)
    x_N3SR[12:16] = x_N3SR[5]
    x_N3SR[16], x_N3SR[17] = 0.0, 0.7
    return x_N3SR.to(memory_format=torch.channels_last)


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
def test_both_ways_give_equal_bytes(random_network, images, view) -> None:
    network = random_network(WIDTH).to(memory_format=torch.channels_last)
    plain, piece = empty(), DevicePiece(empty(), torch.device("cpu"), maxima=True)
    top_k, maxima = plain.top_k, []
    rows = [40, 3, *range(100, 119)]  # not ascending
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]

        def watch(layer: str, a_NCSR: torch.Tensor) -> None:
            regions = map_regions(view, ViewSettings(size=64), layer)
            mine_C = torch.from_numpy(THRESHOLD_C)[FIRSTS[layer] : FIRSTS[layer] + CHANNELS[layer]]
            plain.rings.push(FIRSTS[layer], ring_sums(a_NCSR, regions, mine_C))
            piece.push_rings(FIRSTS[layer], ring_tensors(a_NCSR, regions, mine_C))

        filled = torch.cat([images[start : start + BATCH], torch.zeros(BATCH - len(batch), 3, *SHAPE)])
        filled = filled.contiguous(memory_format=torch.channels_last)
        peaks = find_peaks(network, filled, rows=batch, watch=watch, checked=False)
        top_k = top_k.push(peaks, batch)
        plain.statistics.push(peaks, batch)
        piece.push(peaks, batch)
        maxima.append(half_precision(peaks.value_NC.numpy()))
    expected = ScanResult(top_k, plain.statistics, plain.rings, ("here",))
    found, maxima_NC = piece.result(("here",))
    assert found.to_bytes() == expected.to_bytes()
    assert np.array_equal(maxima_NC, np.concatenate(maxima))
    assert (top_k.row_CK >= 0).any()
    assert (top_k.row_CK < 0).any()


def test_no_images_are_an_empty_result() -> None:
    found, maxima_NC = DevicePiece(empty(), torch.device("cpu")).result()
    assert found.to_bytes() == empty().to_bytes()
    assert maxima_NC is None


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_fault_is_named_at_the_end_as_it_is_at_once(random_network, images, wrong) -> None:
    network = random_network(WIDTH)
    spoilt = images[:BATCH].clone()
    spoilt[2, 0, 5, 5] = wrong
    piece = DevicePiece(empty(), torch.device("cpu"))
    piece.push(find_peaks(network, images[:BATCH], rows=[1, 2, 3, 4], checked=False), [1, 2, 3, 4])
    piece.push(find_peaks(network, spoilt, rows=[5, 6, 7, 8], checked=False), [5, 6, 7, 8])
    with pytest.raises(ActivationError) as now:
        find_peaks(network, spoilt, rows=[5, 6, 7, 8])
    with pytest.raises(ActivationError) as later:
        piece.result()
    assert (str(later.value), later.value.row) == (str(now.value), 7)


def test_sums_that_do_not_fit_are_refused() -> None:
    piece = DevicePiece(empty(), torch.device("cpu"))
    layer = next(iter(CHANNELS))
    huge = torch.full((1, 3, CHANNELS[layer]), 1e13, dtype=torch.float64)
    piece.push_rings(FIRSTS[layer], LayerTensors(huge, huge, huge, huge, huge[:, :2]))
    with pytest.raises(DataError, match="too large to be added up exactly"):
        piece.result()


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_maxima_as_a_gpu_finds_them_are_the_same(layout) -> None:
    a_NCSR = torch.randn(3, 5, 6, 7, generator=torch.Generator().manual_seed(0)).round(decimals=1).relu()
    a_NCSR[0, 0] = 0
    a_NCSR = a_NCSR.contiguous(memory_format=layout)
    expected = _map_peaks(a_NCSR)
    value_NC, flat_NC = first_maxima(a_NCSR)
    assert torch.equal(value_NC, expected.value_NC)
    position_NC2 = torch.stack([flat_NC // 7, flat_NC % 7], 2).int().masked_fill((value_NC == 0)[..., None], -1)
    assert torch.equal(position_NC2, expected.position_NC2)
