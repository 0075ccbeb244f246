"""`ScanResult`s of pieces join to the same bytes in any division and order; damaged files are refused."""

import functools
import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lp_core.exemplars.map_regions import map_regions
from lp_core.exemplars.peaks import Peaks, find_peaks
from lp_core.exemplars.ring_sums import LayerSums, ring_sums
from lp_core.exemplars.scan_result import ScanResult, half_precision, join_results, maxima_of
from lp_core.network.layers import conv_channels
from lp_core.settings import ViewSettings

WIDTH = 1 / 64
CHANNELS = conv_channels(WIDTH)
SHAPE = (32, 32)
IMAGES, BATCH = 21, 4


@pytest.fixture(scope="module")
def images(random_images) -> torch.Tensor:
    """Real forward passes over repeated, constant and ordinary images: ties everywhere."""
    x_N3SR = random_images(IMAGES, *SHAPE)
    x_N3SR[12:16] = x_N3SR[5]
    x_N3SR[16], x_N3SR[17], x_N3SR[18] = 0.0, 0.7, -0.7
    return x_N3SR


@pytest.fixture(scope="module")
def scanned(random_network, images):
    """A task: what it finds in some images, in batches of one size that are filled up."""
    network = random_network(WIDTH)

    firsts = dict(zip(CHANNELS, itertools.accumulate(CHANNELS.values(), initial=0), strict=False))

    @functools.cache
    def passed(batch: tuple[int, ...]) -> tuple[Peaks, list[tuple[int, LayerSums]]]:
        filled = torch.cat([images[list(batch)], torch.zeros(BATCH - len(batch), 3, *SHAPE)])
        rings = []

        def watch(layer: str, a_NCSR: torch.Tensor) -> None:
            regions = map_regions("log_polar", ViewSettings(size=32), layer)
            rings.append((firsts[layer], ring_sums(a_NCSR, regions, torch.full((CHANNELS[layer],), 0.5))))

        return find_peaks(network, filled, rows=batch, watch=watch), rings

    def task(rows: list[int]) -> ScanResult:
        found = ScanResult.empty(CHANNELS, SHAPE, np.full(sum(CHANNELS.values()), 0.5))
        top_k = found.top_k
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            peaks, rings = passed(tuple(batch))
            top_k = top_k.push(peaks, batch)
            found.statistics.push(peaks, batch)
            for first, sums in rings:
                found.rings.push(first, sums)
        return ScanResult(top_k, found.statistics, found.rings, ("here",))

    return task


@settings(max_examples=15)
@given(st.data())
def test_shards_order_retries_and_grouping_leave_no_trace(scanned, data) -> None:
    whole = scanned(list(range(IMAGES)))
    order = data.draw(st.permutations(range(IMAGES)))
    cuts = sorted(data.draw(st.lists(st.integers(1, IMAGES - 1), max_size=6, unique=True)))
    shards = [order[a:b] for a, b in zip([0, *cuts], [*cuts, IMAGES], strict=True)]
    files = {number: scanned(shard).to_bytes() for number, shard in enumerate(shards)}
    for number in data.draw(st.lists(st.sampled_from(sorted(files)), max_size=3)):
        files[number] = scanned(shards[number]).to_bytes()  # a task that was lost and done again
    parts = [ScanResult.from_bytes(file) for file in files.values()]
    while len(parts) > 1:  # a tree of any form
        a, b = data.draw(st.permutations(range(len(parts))))[:2]
        parts = [part for index, part in enumerate(parts) if index not in (a, b)] + [join_results(parts[a], parts[b])]
    assert parts[0].to_bytes() == whole.to_bytes()


def test_what_computed_the_parts_is_kept(scanned) -> None:
    a, b = scanned([0, 1]), scanned([2])
    there = ScanResult(b.top_k, b.statistics, b.rings, ("there", "elsewhere"))
    assert join_results(a, there).machines == join_results(there, a).machines == ("elsewhere", "here", "there")
    assert ScanResult.from_bytes(join_results(a, there).to_bytes()).machines == ("elsewhere", "here", "there")


def test_an_image_is_counted_once(scanned) -> None:
    with pytest.raises(ValueError, match="row 3 would be counted twice"):
        join_results(scanned([1, 3]), scanned([3, 4]))


def test_maxima_travel_with_the_result(scanned) -> None:
    maxima_NC = np.arange(12, dtype=np.float16).reshape(3, 4)
    data = scanned([0, 1, 2]).to_bytes(maxima_NC)
    np.testing.assert_array_equal(maxima_of(data), maxima_NC)
    assert ScanResult.from_bytes(data).to_bytes() == scanned([0, 1, 2]).to_bytes()
    with pytest.raises(ValueError, match="holds no maxima"):
        maxima_of(scanned([0]).to_bytes())


@pytest.mark.parametrize("where", [0.02, 0.3, 0.6, 0.98])
@pytest.mark.parametrize("damage", ["flip", "cut", "zeros"])
def test_a_damaged_file_is_refused(scanned, where, damage) -> None:
    data = bytearray(scanned(list(range(8))).to_bytes())
    start = int(len(data) * where)
    data[start : None if damage == "cut" else start + 50] = b"" if damage == "cut" else b"\0" * 50
    if damage == "flip":
        data[start : start + 50] = bytes(255 - byte for byte in data[start : start + 50])
    with pytest.raises(ValueError, match=r"damaged result|is missing|not the nine"):
        ScanResult.from_bytes(bytes(data))


def test_a_half_is_the_nearest_one() -> None:
    value = np.concatenate([np.random.default_rng(0).lognormal(0, 4, 2000), [0, 1e5, 65519.9, 2049, 2051]])
    value_N = value.astype(np.float32)
    found = half_precision(value_N)
    everything = (
        np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float64)
    )  # all finite half_precision from 0 up
    right = np.searchsorted(everything, value_N).clip(1, len(everything) - 1)
    below, above = everything[right - 1], everything[right]
    nearest = np.minimum(np.abs(value_N - below), np.abs(value_N - above))
    np.testing.assert_array_equal(np.abs(found - value_N.astype(np.float64)), nearest)
    assert found[-5:].tolist() == [0, 65504, 65504, 2048, 2052]
