"""`ring_activity` sums what a loop over units sums, in any division of the images to the same bytes."""

import functools
import itertools
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lp_core.errors import DataError
from lp_core.exemplars.map_regions import map_regions
from lp_core.exemplars.ring_activity import RingActivity, by_layer, merge_rings, read_ring_activity, rings_bytes
from lp_core.exemplars.ring_sums import ring_sums
from lp_core.network.receptive_field import map_shape
from lp_core.settings import ViewSettings
from lp_core.storage import Storage
from tests.reference import rings as reference

VIEWS = ("cartesian", "log_polar")
CHANNELS = 3


def maps(layer: str, size: int, images: int = 4, seed: int = 0) -> torch.Tensor:
    """Activations after ReLU, one channel rarely active, one dead."""
    generator = torch.Generator().manual_seed(seed)
    a_NCSR = torch.randn(images, CHANNELS, *map_shape(layer, (size, size)), generator=generator) * 3
    a_NCSR[:, 1] -= 5
    a_NCSR[:, 2] = 0
    return a_NCSR.relu().contiguous(memory_format=torch.channels_last)


def counted(a_NCSR, view="log_polar", size=64, layer="conv3_1", threshold=2.0) -> RingActivity:
    activity = RingActivity.empty(np.full(CHANNELS, threshold, np.float32))
    threshold_C = torch.from_numpy(activity.threshold_C)
    activity.push(0, ring_sums(a_NCSR, map_regions(view, ViewSettings(size=size), layer), threshold_C))
    return activity


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("layer", "size"), [("conv1_1", 40), ("conv2_1", 72), ("conv5_1", 112), ("conv5_1", 64)])
def test_equal_to_a_loop_over_units(view, layer, size) -> None:
    geometry, a_NCSR, threshold_C = ViewSettings(size=size), maps(layer, size), np.full(CHANNELS, 2.0)
    found = by_layer(counted(a_NCSR, view, size, layer), {layer: CHANNELS}, view, geometry)[layer]
    expected = reference.ring_totals(view, geometry, layer, a_NCSR.numpy(), threshold_C)
    np.testing.assert_array_equal(found.cells_B, expected["cells"])
    np.testing.assert_array_equal(found.active_CB, expected["active"])
    np.testing.assert_array_equal(found.above_CB, expected["above"])
    np.testing.assert_allclose(found.sum_CB, expected["sum"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found.square_CB, expected["square"], rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(found.sector_CS, expected["sector"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found.radius_E, reference.edges(view, geometry, layer), rtol=1e-12)
    assert found.cells_B.min() > 0
    assert found.sector_cells_S.sum() == pytest.approx(found.cells_B.sum())


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("layer", ["conv1_1", "conv5_3"])
def test_equal_activation_everywhere_prefers_no_side(view, layer) -> None:
    """Fourteen rows in sixteen sectors too: a channel without preference must show none."""
    regions = map_regions(view, ViewSettings(size=224), layer)
    sector = np.exp(2j * np.pi * np.arange(16) / 16)
    assert abs(regions.cells_S @ sector) < 1e-9 * regions.cells_S.sum()
    if view == "log_polar":
        np.testing.assert_allclose(regions.cells_S, regions.cells_S.mean())


def test_a_quarter_turn_moves_sectors_by_a_quarter_and_no_bin() -> None:
    a_NCSR = maps("conv1_1", 64)
    log_polar = counted(a_NCSR, "log_polar", 64, "conv1_1"), counted(a_NCSR.roll(16, 2), "log_polar", 64, "conv1_1")
    cartesian = (
        counted(a_NCSR, "cartesian", 64, "conv1_1"),
        counted(a_NCSR.rot90(-1, (2, 3)), "cartesian", 64, "conv1_1"),
    )
    for before, after in (log_polar, cartesian):
        np.testing.assert_allclose(np.roll(before.sector_CS, 4, 1), after.sector_CS, rtol=1e-5)
        np.testing.assert_array_equal(before.active_CB, after.active_CB)


def as_bytes(activity: RingActivity) -> list[bytes]:
    return [array.tobytes() for array in activity.to_arrays().values()]


@settings(max_examples=20)
@given(
    st.permutations(range(8)), st.lists(st.integers(1, 7), max_size=3, unique=True), st.randoms(use_true_random=False)
)
def test_any_division_and_order_gives_the_same_bytes(order, cuts, random) -> None:
    a_NCSR = maps("conv3_1", 64, images=8)
    pieces = [counted(a_NCSR[order[a:b]]) for a, b in itertools.pairwise([0, *sorted(cuts), 8])]
    random.shuffle(pieces)
    assert as_bytes(functools.reduce(merge_rings, pieces)) == as_bytes(counted(a_NCSR))
    assert as_bytes(RingActivity.from_arrays(pieces[0].to_arrays())) == as_bytes(pieces[0])


def test_memory_format_changes_rounding_only() -> None:
    a_NCSR = maps("conv1_1", 40)
    last, first = (counted(a, size=40, layer="conv1_1") for a in (a_NCSR, a_NCSR.contiguous()))
    assert as_bytes(last) == as_bytes(first)


@pytest.mark.parametrize("layer", ["conv1_1", "conv4_1"])
def test_a_batch_at_once_as_on_a_gpu_adds_the_same(layer) -> None:
    regions, threshold_C = map_regions("log_polar", ViewSettings(size=72), layer), torch.full((CHANNELS,), 2.0)
    one_by_one, at_once = (ring_sums(maps(layer, 72), regions, threshold_C, at_once=way) for way in (False, True))
    for one, other in zip(one_by_one, at_once, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_different_thresholds_do_not_mix() -> None:
    a_NCSR = maps("conv3_1", 64)
    with pytest.raises(ValueError, match="different thresholds"):
        merge_rings(counted(a_NCSR), counted(a_NCSR, threshold=1.0))


@pytest.mark.parametrize("value", [1e9, 1e25, float("inf")])
def test_activations_that_are_too_large_are_refused(value) -> None:
    with pytest.raises(DataError, match="too large to be added up exactly"):
        counted(torch.full((1, CHANNELS, 16, 16), value))
    half = counted(torch.full((2, CHANNELS, 16, 16), 1e6))
    half.square_CB[:] = 2**61
    with pytest.raises(DataError, match="too large to be added up exactly"):
        merge_rings(half, half)


@pytest.fixture
def folder(tmp_path) -> Storage:
    layers = by_layer(counted(maps("conv3_1", 64)), {"conv3_1": CHANNELS}, "log_polar", ViewSettings(size=64))
    folder = Storage.at(tmp_path)
    folder.write_bytes("rings.npz", rings_bytes(layers))
    return folder


def test_written_and_read(folder) -> None:
    found = read_ring_activity(folder)
    assert list(found) == ["conv3_1"]
    assert folder.read_bytes("rings.npz") == rings_bytes(found)


@pytest.mark.parametrize("damage", ["cut", "flip", "other", "less", "none"])
def test_a_file_that_is_no_activity_is_refused_in_one_line(folder, damage) -> None:
    data = folder.read_bytes("rings.npz")
    middle = len(data) // 2
    if damage == "cut":
        folder.write_bytes("rings.npz", data[:middle])
    elif damage == "flip":
        folder.write_bytes("rings.npz", data[:60] + bytes(255 - byte for byte in data[60:middle]) + data[middle:])
    elif damage == "none":
        folder.remove("rings.npz")
    else:
        arrays = dict(np.load(folder.path("rings.npz")))
        del arrays["conv3_1/above_CB"]
        np.savez(folder.path("rings.npz"), **({"places": np.zeros(3)} if damage == "other" else arrays))
        assert zipfile.is_zipfile(folder.path("rings.npz"))
    message = {"none": "is missing", "other": "every layer is missing", "less": "conv3_1/above_CB is missing"}
    with pytest.raises(DataError, match=f"rings.npz.*{message.get(damage, 'damaged result of a scan')}") as caught:
        read_ring_activity(folder)
    assert "\n" not in str(caught.value)
