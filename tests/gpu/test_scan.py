"""A scan on a GPU finds the CPU's exemplars within 1e-4, exactly those of brute force there, and never waits for it."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
import torch

from lp_core.exemplars.device_piece import DevicePiece
from lp_core.exemplars.map_regions import map_regions
from lp_core.exemplars.peaks import find_peaks
from lp_core.exemplars.ring_sums import ring_tensors
from lp_core.exemplars.scan_result import ScanResult
from lp_core.exemplars.verification import brute_force, exemplar_differences
from lp_core.network.initialization import initialize
from lp_core.network.inputs import filled, normalized
from lp_core.network.kernels import forbid_tf32
from lp_core.network.layers import conv_channels
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings, ViewSettings
from tests.gpu.device import needs_gpus, on_devices

WIDTH, SIDE, BATCH, IMAGES = 1 / 16, 64, 8, 30
CHANNELS = conv_channels(WIDTH)
FIRSTS = dict(zip(CHANNELS, itertools.accumulate(CHANNELS.values(), initial=0), strict=False))
TOLERANCE = 1e-4


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (IMAGES, SIDE, SIDE, 3), np.uint8)


def network_on(device: str) -> VGG16:
    network = initialize(VGG16(12, NetworkSettings(width=WIDTH, pool=1)), "variance-preserving", 0).eval()
    return network.to(device).to(memory_format=torch.channels_last)


def batches_on(images: np.ndarray, device: str) -> list[tuple[list[int], torch.Tensor]]:
    starts = range(0, len(images), BATCH)
    return [
        (
            list(range(start, min(start + BATCH, len(images)))),
            normalized(filled(images[start : start + BATCH], BATCH), torch.device(device)),
        )
        for start in starts
    ]


def begun(device: str) -> tuple[DevicePiece, Callable[[list[tuple[list[int], torch.Tensor]]], None]]:
    """A piece without images, and what counts batches into it."""
    network, place = network_on(device), torch.device(device)
    empty = ScanResult.empty(CHANNELS, (SIDE, SIDE), np.full(sum(CHANNELS.values()), 0.5, np.float32))
    piece, threshold_C = DevicePiece(empty, place, maxima=True), torch.full((1,), 0.5, device=place)

    def watch(layer: str, a_NCSR: torch.Tensor) -> None:
        regions = map_regions("log_polar", ViewSettings(size=SIDE), layer)
        piece.push_rings(FIRSTS[layer], ring_tensors(a_NCSR, regions, threshold_C.expand(CHANNELS[layer])))

    def count(batches: list[tuple[list[int], torch.Tensor]]) -> None:
        for rows, x_N3SR in batches:
            piece.push(find_peaks(network, x_N3SR, rows=rows, watch=watch, checked=False), rows)

    return piece, count


def scanned(batches: list[tuple[list[int], torch.Tensor]], device: str) -> tuple[ScanResult, np.ndarray]:
    piece, count = begun(device)
    count(batches)
    result, maxima_NC = piece.result()
    assert maxima_NC is not None
    return result, maxima_NC


@on_devices
def test_exemplars_are_the_cpus_within_rounding(images, device):
    forbid_tf32()
    (expected, maxima), (found, on_device) = (scanned(batches_on(images, where), where) for where in ("cpu", device))
    np.testing.assert_allclose(on_device.astype(float), maxima.astype(float), rtol=2e-3, atol=1e-6)
    np.testing.assert_allclose(found.top_k.value_CK, expected.top_k.value_CK, rtol=TOLERANCE, atol=1e-6)
    np.testing.assert_allclose(found.rings.sum_CB, expected.rings.sum_CB, rtol=TOLERANCE, atol=IMAGES * 2**10)
    same = (found.top_k.row_CK == expected.top_k.row_CK).mean()
    assert same > 0.99  # two images whose activations are that close may change places
    assert np.array_equal(found.statistics.row_N, expected.statistics.row_N)


@on_devices
def test_exemplars_are_those_of_brute_force_there(images, device):
    forbid_tf32()
    batches = batches_on(images, device)
    found, _ = scanned(batches, device)
    lines = [
        {
            "layer": layer,
            "channel": channel,
            "rank": rank,
            "activation": float(found.top_k.value_CK[first + channel, rank]),
            "row": int(row) if row >= 0 else None,
            "unit_row": int(place[0]) if row >= 0 else None,
            "unit_col": int(place[1]) if row >= 0 else None,
        }
        for layer, first in FIRSTS.items()
        for channel in range(CHANNELS[layer])
        for rank, (row, place) in enumerate(
            zip(found.top_k.row_CK[first + channel], found.top_k.position_CK2[first + channel], strict=True)
        )
    ]
    table = pa.Table.from_pylist(lines)
    peaks = brute_force(network_on(device), batches, table)
    assert exemplar_differences(table, peaks) == []


@needs_gpus(1)
@pytest.mark.filterwarnings("default")
def test_a_piece_never_waits_for_the_gpu_before_its_end(images):
    batches = batches_on(images, "cuda")
    scanned(batches, "cuda")  # makes what is kept on the device
    piece, count = begun("cuda")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            count(batches)
        finally:
            torch.cuda.set_sync_debug_mode("default")
    assert not [str(warning.message) for warning in seen if "called a synchronizing" in str(warning.message)]
    assert len(piece.result()[0].statistics.row_N) == IMAGES
