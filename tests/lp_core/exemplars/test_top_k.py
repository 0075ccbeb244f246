"""`top_k` keeps the nine strongest images, and its merge does not depend on order, division or repetition."""

import functools
import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lp_core.exemplars.peaks import Peaks
from lp_core.exemplars.top_k import TopK, merge
from tests.reference.top_k import nine

CHANNELS = 3

# Few different values and positions, so that ties are the rule.
_peak = st.tuples(st.sampled_from([0.0, 1e-45, 0.5, 1.0, 2.0]), st.integers(0, 2), st.integers(0, 2))
_images = st.lists(st.lists(_peak, min_size=CHANNELS, max_size=CHANNELS), max_size=25)


def as_peaks(images: list[list[tuple[float, int, int]]]) -> Peaks:
    hits = torch.tensor(images, dtype=torch.float64).reshape(-1, CHANNELS, 3)
    value_NC = hits[..., 0].float()
    position_NC2 = hits[..., 1:].int().masked_fill((value_NC == 0)[..., None], -1)
    return Peaks(value_NC, position_NC2)


def scanned(images: list[list[tuple[float, int, int]]], rows: list[int]) -> TopK:
    return TopK.empty(CHANNELS).push(as_peaks(images), rows)


def as_bytes(top_k: TopK) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **top_k.to_arrays())
    return file.getvalue()


def listed(top_k: TopK, channel: int) -> list[tuple[float, int, int, int]]:
    hits = zip(
        top_k.value_CK[channel].tolist(),
        top_k.row_CK[channel].tolist(),
        top_k.position_CK2[channel].tolist(),
        strict=True,
    )
    return [(value, row, *position) for value, row, position in hits]


@given(_images)
def test_equal_to_sorting_everything(images) -> None:
    top_k = scanned(images, list(range(len(images))))
    for channel in range(CHANNELS):
        hits = [(float(np.float32(image[channel][0])), row, *image[channel][1:]) for row, image in enumerate(images)]
        kept = nine(hits)
        assert listed(top_k, channel) == kept + [(0.0, -1, -1, -1)] * (9 - len(kept))


@given(_images, st.data())
def test_any_division_order_and_repetition_gives_the_same_bytes(images, data) -> None:
    rows = list(range(100, 100 + len(images)))
    whole = scanned(images, rows)
    order = data.draw(st.permutations(range(len(images))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(images)), max_size=4)))
    shards = [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(images)], strict=True)]
    retried = shards + data.draw(st.lists(st.sampled_from(shards), max_size=3))
    pieces = [scanned([images[i] for i in shard], [rows[i] for i in shard]) for shard in retried]
    pieces = data.draw(st.permutations(pieces))
    assert as_bytes(functools.reduce(merge, pieces)) == as_bytes(whole)
    pushed = TopK.empty(CHANNELS)
    for shard in retried:
        pushed = pushed.push(as_peaks([images[i] for i in shard]), [rows[i] for i in shard])
    assert as_bytes(pushed) == as_bytes(whole)


@given(_images, _images, _images, st.data())
def test_merge_is_a_semilattice_even_if_machines_disagree_about_an_image(a, b, c, data) -> None:
    x, y, z = (scanned(i, data.draw(st.permutations(range(len(i))))) for i in (a, b, c))
    assert as_bytes(merge(x, y)) == as_bytes(merge(y, x))
    assert as_bytes(merge(merge(x, y), z)) == as_bytes(merge(x, merge(y, z)))
    assert as_bytes(merge(x, x)) == as_bytes(x)
    assert as_bytes(merge(x, TopK.empty(CHANNELS))) == as_bytes(x)


def test_the_same_image_in_many_rows_fills_the_nine_by_row() -> None:
    top_k = scanned([[(1.0, 2, 1)] * CHANNELS] * 20, list(range(40, 20, -1)))
    assert top_k.row_CK[0].tolist() == list(range(21, 30))
    assert (top_k.position_CK2 == [2, 1]).all()


def test_a_dead_channel_holds_nothing() -> None:
    top_k = scanned([[(0.0, 0, 0), (1.0, 0, 0), (0.0, 0, 0)]] * 3, [4, 5, 6])
    assert top_k.row_CK.tolist() == [[-1] * 9, [4, 5, 6] + [-1] * 6, [-1] * 9]
    assert (top_k.value_CK[0] == 0).all()


def test_large_row_numbers_survive() -> None:
    rows = [2**53 + 1, 2**53, 2**62]
    assert scanned([[(1.0, 0, 0)] * CHANNELS] * 3, rows).row_CK[0, :3].tolist() == sorted(rows)


def test_the_value_pushed_to_is_left_alone() -> None:
    before = scanned([[(1.0, 0, 0)] * CHANNELS], [0])
    image = as_bytes(before)
    before.push(as_peaks([[(2.0, 1, 1)] * CHANNELS]), [1])
    assert as_bytes(before) == image


@given(_images)
def test_arrays_and_back(images) -> None:
    top_k = scanned(images, list(range(len(images))))
    file = io.BytesIO(as_bytes(top_k))
    assert as_bytes(TopK.from_arrays(np.load(file, allow_pickle=False))) == as_bytes(top_k)


@pytest.mark.parametrize("name", ["value_CK", "row_CK", "position_CK2"])
def test_foreign_arrays_are_refused(name) -> None:
    arrays = TopK.empty(2).to_arrays()
    with pytest.raises(ValueError, match=f"{name} is missing"):
        TopK.from_arrays({key: array for key, array in arrays.items() if key != name})
    with pytest.raises(ValueError, match=f"{name} is float16"):
        TopK.from_arrays(arrays | {name: arrays[name].astype(np.float16)})


@pytest.mark.parametrize("rows", [[1], [1, 2, 3], [1, -1]])
def test_rows_must_fit_the_images(rows) -> None:
    with pytest.raises(ValueError, match="2 images have peaks"):
        scanned([[(1.0, 0, 0)] * CHANNELS] * 2, rows)
