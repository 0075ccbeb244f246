"""A validation split by share: of every class, the same whatever else lies there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_core.errors import DataError, SettingError
from lp_core.indexing.holding_out import hold_out
from lp_core.indexing.layouts import find
from lp_core.indexing.layouts.found import Found
from lp_core.indexing.plan import Plan
from lp_core.indexing.validation_share import ValidationShare
from lp_core.storage import Storage
from tests.lp_core.indexing.imagenet_forms import tar, write


def write_cats_and_dogs(root: Path, count: int = 40) -> None:
    for name in ("cat", "dog"):
        for number in range(count):
            write(root / name / f"{name}_{number}.jpg", b"?")


def split(root: Path, share: float = 0.2, seed: int = 0) -> Found:
    return hold_out(find(Storage.at(root)), ValidationShare(share, seed))


def names(collection: Found, split: str) -> set[str]:
    return set(collection.files[split].names)


def test_every_photograph_is_on_one_side_with_its_label(tmp_path: Path) -> None:
    write_cats_and_dogs(tmp_path)
    before = find(Storage.at(tmp_path)).files["train"]
    collection = split(tmp_path)
    assert list(collection.files) == ["train", "validation"]
    assert names(collection, "train") | names(collection, "validation") == set(before.names)
    assert len(names(collection, "train")) + len(names(collection, "validation")) == 80
    for files in collection.files.values():
        assert [name.partition("/")[0] for name in files.names] == [["cat", "dog"][label] for label in files.labels]
        assert [files.where(index) for index in range(len(files.names))] == files.names


@pytest.mark.parametrize(
    "added",
    [
        ["cat/new.jpg"],
        ["cow/1.jpg", "cow/2.jpg"],
        ["dog/cat_0.jpg", "dog/cat_1.jpg"],  # stems that are there already: image ids become paths
        ["notes.txt"],
    ],
)
def test_added_files_move_no_other(tmp_path: Path, added: list[str]) -> None:
    write_cats_and_dogs(tmp_path)
    before = split(tmp_path)
    for name in added:
        write(tmp_path / name, b"?")
    after = split(tmp_path)
    for side in ("train", "validation"):
        assert names(before, side) <= names(after, side)


def test_a_folder_around_the_collection_moves_nothing(tmp_path: Path) -> None:
    write_cats_and_dogs(tmp_path / "one")
    write_cats_and_dogs(tmp_path / "other" / "pictures" / "train")
    assert names(split(tmp_path / "one"), "validation") == names(split(tmp_path / "other"), "validation")


def test_another_seed_takes_others(tmp_path: Path) -> None:
    write_cats_and_dogs(tmp_path)
    first, again, other = (names(split(tmp_path, seed=seed), "validation") for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_the_share_is_that_of_every_class(share: float) -> None:
    keys = [f"{label}/{number}" for label in range(10) for number in range(2000)]
    taken = ValidationShare(share).taken(keys, np.repeat(np.arange(10), 2000))
    deviation = np.sqrt(share * (1 - share) / 2000)
    assert np.abs(taken.reshape(10, 2000).mean(axis=1) - share).max() < 4 * deviation


@given(
    counts=st.lists(st.integers(1, 12), min_size=1, max_size=8), share=st.floats(0.001, 0.999), seed=st.integers(0, 9)
)
def test_every_class_of_two_or_more_has_one_on_each_side(counts: list[int], share: float, seed: int) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    keys = [f"{label}/{number}" for label, count in enumerate(counts) for number in range(count)]
    if max(counts) == 1:
        with pytest.raises(DataError, match="no class has two photographs"):
            ValidationShare(share, seed).taken(keys, labels)
        return
    taken = ValidationShare(share, seed).taken(keys, labels)
    for label, count in enumerate(counts):
        of_class = taken[labels == label]
        assert of_class.sum() >= min(1, count - 1)
        assert (~of_class).sum() >= 1


def test_one_photograph_in_two_files_is_on_one_side(tmp_path: Path) -> None:
    for number in range(30):
        for ending in ("jpg", "png"):
            write(tmp_path / "cat" / f"{number}.{ending}", b"?")
    sides = [{name.partition(".")[0] for name in names(split(tmp_path), side)} for side in ("train", "validation")]
    assert sides[0] & sides[1] == set()
    assert all(sides)


def test_keys_that_every_archive_repeats_are_told_apart(tmp_path: Path) -> None:
    for shard in range(8):
        members = [(f"{key:03d}.{end}", b"0") for key in range(10) for end in ("jpg", "cls")]
        write(tmp_path / f"train-{shard:04d}.tar", tar(members))
    validation = split(tmp_path, 0.3).files["validation"]
    assert 10 < len(validation.names) < 40
    assert len(set(validation.names)) < len(validation.names)


def test_image_ids_are_those_that_the_photographs_have_together(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        for number in range(10):
            write(tmp_path / name / f"{number}.jpg", b"?")
    together = find(Storage.at(tmp_path)).files["train"]
    collection = split(tmp_path)

    def ids(side: str, files: Found) -> set[str]:
        return {one.image_id for piece in Plan(side, files.files[side], 0).pieces() for one in piece.wanted}

    assert ids("train", collection) | ids("validation", collection) == {
        name.partition(".")[0] for name in together.names
    }


def test_a_collection_with_a_validation_split_is_left_alone(tmp_path: Path) -> None:
    for side in ("train", "val"):
        write_cats_and_dogs(tmp_path / side, 3)
    with pytest.raises(SettingError, match="the collection has a validation split; leave the option out"):
        split(tmp_path)


def test_there_must_be_a_training_split(tmp_path: Path) -> None:
    write_cats_and_dogs(tmp_path / "test", 3)
    with pytest.raises(SettingError, match="has no training split to take it from, only test"):
        split(tmp_path)


@pytest.mark.parametrize("share", [0, 1, -0.1, 10, float("nan"), float("inf")])
def test_shares_out_of_range_are_refused(share: float) -> None:
    with pytest.raises(SettingError, match=r"--validation-share .* is not above 0 and below 1"):
        ValidationShare(share)
