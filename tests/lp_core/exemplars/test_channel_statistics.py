"""`channel_statistics` counts what the peaks say, and partial counts merge to the same bytes in any order."""

import functools
import io
import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lp_core.exemplars.channel_statistics import ChannelStatistics, merge_statistics, statistics_table
from lp_core.exemplars.peaks import Peaks
from lp_core.network.receptive_field import map_shape

LAYERS = {"conv1_1": 2, "conv3_2": 3, "conv5_1": 1}
SHAPE = (224, 100)


def peaks(images: int, seed: int = 0) -> Peaks:
    generator = torch.Generator().manual_seed(seed)
    value_NC = torch.randn(images, 6, generator=generator).exp() * (torch.rand(images, 6, generator=generator) < 0.7)
    value_NC[:, 4] = 0
    positions = []
    for layer, count in LAYERS.items():
        rows, cols = map_shape(layer, SHAPE)
        positions.append(
            torch.stack([torch.randint(n, (images, count), generator=generator) for n in (rows, cols)], 2).int()
        )
    position_NC2 = torch.cat(positions, 1).masked_fill((value_NC == 0)[..., None], -1)
    return Peaks(value_NC, position_NC2)


def counted(found: Peaks, images: list[int]) -> ChannelStatistics:
    statistics = ChannelStatistics.empty(LAYERS, SHAPE)
    statistics.push(Peaks(found.value_NC[images], found.position_NC2[images]), [1000 + i for i in images])
    return statistics


def as_bytes(statistics: ChannelStatistics) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **statistics.to_arrays())
    return file.getvalue()


@settings(max_examples=30)
@given(st.permutations(range(20)), st.lists(st.integers(0, 20), max_size=3), st.randoms(use_true_random=False))
def test_any_division_and_order_gives_the_same_bytes(order, cuts, random) -> None:
    found = peaks(20)
    cuts = [0, *sorted(cuts), 20]
    pieces = [counted(found, order[a:b]) for a, b in itertools.pairwise(cuts)]
    random.shuffle(pieces)
    assert as_bytes(functools.reduce(merge_statistics, pieces)) == as_bytes(counted(found, list(range(20))))


def test_numbers_are_those_of_the_peaks() -> None:
    found = peaks(400)
    statistics = counted(found, list(range(400)))
    value_NC = found.value_NC.double().numpy()
    np.testing.assert_allclose(statistics.mean(), value_NC.mean(0), rtol=1e-6)
    np.testing.assert_allclose(statistics.active_share(), (value_NC > 0).mean(0), rtol=1e-15)
    for q in (0.1, 0.5, 0.9, 0.99, 1.0):
        expected = np.sort(value_NC, 0)[int(np.ceil(q * 400)) - 1]
        np.testing.assert_allclose(statistics.quantile(q), expected, rtol=1 / 16)


@pytest.mark.parametrize("layer", LAYERS)
def test_places_count_units_in_whole_bins(layer) -> None:
    found = peaks(300)
    places = counted(found, list(range(300))).places(layer)
    first = dict(zip(LAYERS, (0, 2, 5), strict=True))[layer]
    rows, cols = map_shape(layer, SHAPE)
    expected = np.zeros((LAYERS[layer], rows, cols), int)
    for channel in range(LAYERS[layer]):
        for row, col in found.position_NC2[:, first + channel].tolist():
            if row >= 0:
                expected[channel, row, col] += 1
    row_step, col_step = -(-rows // 28), -(-cols // 28)
    expected = np.add.reduceat(expected, np.arange(0, rows, row_step), axis=1)
    np.testing.assert_array_equal(places, np.add.reduceat(expected, np.arange(0, cols, col_step), axis=2))
    assert places.shape[1] <= 28 >= places.shape[2]


@pytest.mark.parametrize("value", [1e-30, 2.0**-16, 1.0, 3.3, 2.0**15.9, 1e9])
def test_quantiles_of_one_value(value) -> None:
    statistics = ChannelStatistics.empty({"conv1_1": 1}, (8, 8))
    statistics.push(Peaks(torch.full((3, 1), value), torch.zeros(3, 1, 2, dtype=torch.int32)), [0, 1, 2])
    assert statistics.active_share() == [1]
    assert statistics.quantile(0.5) == pytest.approx(np.clip(value, 2.0**-16, 2.0**16), rel=1 / 16)


def test_arrays_and_back() -> None:
    statistics = counted(peaks(30), list(range(30)))
    arrays = np.load(io.BytesIO(as_bytes(statistics)), allow_pickle=False)
    assert as_bytes(ChannelStatistics.from_arrays(arrays)) == as_bytes(statistics)


def test_an_image_counts_once() -> None:
    found = peaks(5)
    with pytest.raises(ValueError, match="row 1003 would be counted twice"):
        merge_statistics(counted(found, [0, 3]), counted(found, [3, 4]))
    with pytest.raises(ValueError, match="row 1002 would be counted twice"):
        counted(found, [1, 2, 2])


def test_other_shapes_do_not_mix() -> None:
    with pytest.raises(ValueError, match="different shapes"):
        merge_statistics(ChannelStatistics.empty(LAYERS, SHAPE), ChannelStatistics.empty(LAYERS, (64, 64)))


def test_the_table_has_a_line_per_channel() -> None:
    table = statistics_table(counted(peaks(50), list(range(50)))).to_pandas()
    assert table["layer"].tolist() == ["conv1_1"] * 2 + ["conv3_2"] * 3 + ["conv5_1"]
    assert table["channel"].tolist() == [0, 1, 0, 1, 2, 0]
    assert (table["images"] == 50).all()
    assert (table["median"] <= table["q90"]).all()
    assert table.loc[4, ["active_share", "mean", "median", "q99"]].tolist() == [0, 0, 0, 0]


def test_no_images_give_zeros() -> None:
    statistics = ChannelStatistics.empty(LAYERS, SHAPE)
    assert not statistics.mean().any()
    assert not statistics.quantile(0.5).any()
