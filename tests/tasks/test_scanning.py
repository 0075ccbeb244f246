"""The tasks of a scan as plain functions, without Ray."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lp_core.dataset.feed import open_dataset
from lp_core.errors import LogpolarError
from lp_core.exemplars.first_look import to_bytes
from lp_core.exemplars.scan_result import maxima_of
from lp_core.fingerprint import checksum
from lp_core.network.initialization import initialize
from lp_core.network.layers import conv_channels
from lp_core.network.vgg16 import VGG16
from lp_core.run.history import epoch_weights
from lp_core.run.weights import FILE, weights_bytes
from lp_core.storage import Storage
from tasks import networks
from tasks.from_recipe import rows_of
from tasks.networks import Trained, kept_network
from tasks.pieces import row_pieces
from tasks.reducing import join_files, read_joined
from tasks.scanning import Search, scan_rows


@pytest.fixture
def recipe(small_recipe):
    torch.set_num_threads(1)
    return small_recipe


@pytest.fixture
def search(recipe, tmp_path):
    """Searches with networks of two seeds: the finished weights, and those of an epoch before."""

    def made(name: str, epoch: int | None = None, **weights: float) -> Search:
        folder = Storage.at(tmp_path / "run" / "log_polar")
        network = initialize(VGG16(12, recipe.network, "log_polar"), "variance-preserving", epoch or 9)
        for parameter, value in weights.items():
            with torch.no_grad():
                network.get_parameter(parameter.replace("__", "."))[0] = value
        data = weights_bytes(network)
        folder.write_bytes(FILE if epoch is None else epoch_weights(epoch), data)
        trained = Trained(recipe, str(tmp_path / "run"), "log_polar", checksum(data), epoch=epoch)
        thresholds = np.zeros(sum(conv_channels(recipe.network.width).values()), np.float32)
        Storage(str(tmp_path / name)).write_bytes("look.npy", to_bytes(thresholds))
        return Search(trained, str(tmp_path / name), "look.npy", True, name)

    return made


def scanned(searches: tuple[Search, ...], rows: np.ndarray, tasks: int) -> list[str]:
    pieces = row_pieces(rows, -(-len(rows) // tasks))
    assert len(pieces) == tasks
    assert sum(scan_rows(searches, piece) for piece in reversed(pieces)) == len(rows) * len(searches)
    return [searches[0].file(piece) for piece in pieces]


def test_the_number_of_tasks_leaves_no_trace(recipe, search):
    rows = rows_of(recipe, "validation")[:43]
    results = []
    for tasks in (1, 2, 7):
        one = search(f"{tasks} tasks")
        files = scanned((one,), rows, tasks)
        folder = Storage(one.folder)
        maxima_NC = np.concatenate([maxima_of(folder.read_bytes(file)) for file in files])
        results.append((read_joined(folder, files).to_bytes(), maxima_NC.tobytes()))
    assert results[0] == results[1] == results[2]
    assert maxima_NC.shape[0] == 43


def test_a_tree_of_joined_files_holds_the_same(recipe, search):
    rows, one = rows_of(recipe, "validation")[:40], search("tree")
    files = scanned((one,), rows, 5)
    join_files(one.folder, (files[4], files[0]), "a.npz")
    join_files(one.folder, ("a.npz", files[2]), "b.npz")
    tree = read_joined(Storage(one.folder), [files[3], "b.npz", files[1]])
    assert tree.to_bytes() == read_joined(Storage(one.folder), files).to_bytes()


def test_networks_share_images_and_nothing_else(recipe, search):
    rows = rows_of(recipe, "validation")[:20]
    together = search("finished"), search("early", epoch=3)
    files = scanned(together, rows, 2)
    alone = [replace(one, name="alone") for one in together]
    for one, other in zip(together, alone, strict=True):
        found = read_joined(Storage(one.folder), [file.replace(together[0].name, one.name) for file in files])
        assert found.to_bytes() == read_joined(Storage(one.folder), scanned((other,), rows, 2)).to_bytes()
    assert found.to_bytes() != read_joined(Storage(together[0].folder), files).to_bytes()


def test_a_piece_is_finished_when_its_file_is_whole(recipe, search):
    one, rows = search("whole"), rows_of(recipe, "validation")[:8]
    assert not one.is_finished(rows)
    scan_rows((one,), rows)
    assert one.is_finished(rows)
    data = Storage(one.folder).read_bytes(one.file(rows))
    Storage(one.folder).write_bytes(one.file(rows), data[:-40])
    assert not one.is_finished(rows)
    with pytest.raises(LogpolarError, match="cannot be read"):
        read_joined(Storage(one.folder), [one.file(rows)])


def test_what_is_not_a_number_is_told_by_image_and_layer(recipe, search):
    one, rows = search("nan", features__7__bias=float("nan")), rows_of(recipe, "validation")[10:18]
    name = open_dataset(recipe.data.path).rows("validation").image_id(int(rows[0]))
    with pytest.raises(LogpolarError, match=f"view log_polar, image {name}: conv2_2 has NaN .* row {rows[0]};"):
        scan_rows((one,), rows)


def test_weights_that_changed_are_refused(recipe, search):
    one = search("changed", epoch=4)
    search("changed", epoch=4, features__0__bias=0.5)
    with pytest.raises(LogpolarError, match=r"epoch_004\.safetensors has changed"):
        scan_rows((one,), rows_of(recipe, "validation")[:8])


@pytest.fixture
def weights_read(monkeypatch) -> list[str]:
    """Every reading of a weights file by this process, which begins with none in memory."""
    reads: list[str] = []
    plain = Storage.read_bytes

    def read_bytes(self, name):
        if name.endswith(".safetensors"):
            reads.append(name)
        return plain(self, name)

    networks._kept.clear()
    monkeypatch.setattr(Storage, "read_bytes", read_bytes)
    return reads


def test_weights_are_read_once_per_process_and_network(recipe, search, weights_read):
    searches = search("finished"), search("early", epoch=3), search("earlier", epoch=2)
    for rows in row_pieces(rows_of(recipe, "validation")[:24], 4):
        scan_rows(searches, rows)
    assert sorted(weights_read) == sorted([FILE, epoch_weights(2), epoch_weights(3)])


@pytest.mark.parametrize(("room", "reads"), [(3.0, [1, 1, 1]), (2.5, [1, 1, 5]), (1.0, [1, 5, 5]), (0.0, [1, 5, 5])])
def test_memory_is_bounded_and_what_came_first_stays(recipe, search, weights_read, monkeypatch, room, reads):
    trained = [search("x", epoch=epoch).trained for epoch in (1, 2, 3)]
    size = sum(p.numel() * 4 for p in VGG16(12, recipe.network, "log_polar").features.parameters())
    monkeypatch.setattr(networks, "KEPT_BYTES", int(room * size))
    expected = [networks._read(one).features.state_dict() for one in trained]
    weights_read.clear()
    for _ in range(5):
        for one, features in zip(trained, expected, strict=True):
            network, _ = kept_network(one, classifier=False)
            assert all(torch.equal(value, features[name]) for name, value in network.features.state_dict().items())
            assert sum(map(networks._bytes, networks._kept.values())) <= max(room, 1) * size
    assert [weights_read.count(epoch_weights(epoch)) for epoch in (1, 2, 3)] == reads


def test_networks_of_another_run_or_use_take_the_place_of_the_first(recipe, search, weights_read):
    trained = [search("x", epoch=epoch).trained for epoch in (1, 2)]
    for one in trained:
        kept_network(one, classifier=False)
    assert len(networks._kept) == 2
    network, _ = kept_network(trained[0])
    assert network(torch.zeros(1, 3, 32, 32)).shape == (1, 12)
    assert list(networks._kept) == [(trained[0], True)]
    other = replace(trained[0], recipe=replace(recipe, seed=5))
    kept_network(other)
    assert list(networks._kept) == [(other, True)]


def test_a_network_without_its_classifier_takes_a_scan_and_no_forward_pass(recipe, search):
    network, _ = kept_network(search("x").trained, classifier=False)
    assert len(list(network.parameters())) == 26
    with pytest.raises(AttributeError, match="classifier"):
        network(torch.zeros(1, 3, 32, 32))
