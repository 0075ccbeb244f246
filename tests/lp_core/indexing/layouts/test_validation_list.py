"""`validation_list` tells the classes of a flat `val` from whichever list lies beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lp_core.errors import LogpolarError
from tests.lp_core.indexing.found_collections import expected, found, is_whole, labels_by_stem
from tests.lp_core.indexing.imagenet_forms import (
    devkit,
    photos,
    write,
    write_folders,
    write_kaggle,
    write_tars,
)


def flatten(val: Path) -> None:
    for path in list(val.glob("*/*")):
        path.rename(val / path.name)
    for folder in list(val.glob("n*")):
        folder.rmdir()


@pytest.mark.parametrize("place", ["", "val/", "ILSVRC2012_devkit_t12/data/"])
def test_a_flat_val_beside_the_unpacked_devkit(tmp_path: Path, place: str) -> None:
    write_folders(tmp_path)
    flatten(tmp_path / "val")
    for name, data in devkit():
        write(tmp_path / place / Path(name).name, data)
    collection = found(tmp_path)
    assert labels_by_stem(collection, "validation") == expected("validation")
    assert labels_by_stem(collection, "train") == expected("train")


def test_a_flat_val_beside_the_packed_devkit(tmp_path: Path) -> None:
    write_tars(tmp_path / "tars")
    write_folders(tmp_path / "source")
    flatten(tmp_path / "source" / "val")
    shutil.copy(tmp_path / "tars" / "ILSVRC2012_devkit_t12.tar.gz", tmp_path / "source")
    is_whole(found(tmp_path / "source"))


@pytest.mark.parametrize("train", [True, False])
def test_a_flat_val_beside_kaggle_s_list(tmp_path: Path, train: bool) -> None:
    write_kaggle(tmp_path / "kaggle")
    write_folders(tmp_path / "source")
    flatten(tmp_path / "source" / "val")
    shutil.copy(tmp_path / "kaggle" / "LOC_val_solution.csv", tmp_path / "source")
    if train:
        is_whole(found(tmp_path / "source"))
    else:
        shutil.rmtree(tmp_path / "source" / "train")
        assert labels_by_stem(found(tmp_path / "source"), "validation") == expected("validation")


def test_a_flat_val_beside_tensorflow_s_list(tmp_path: Path) -> None:
    write_folders(tmp_path)
    flatten(tmp_path / "val")
    validation = sorted((one.stem, one.wnid) for one in photos() if one.split == "validation")
    write(tmp_path / "imagenet_2012_validation_synset_labels.txt", "".join(f"{wnid}\n" for _, wnid in validation))
    is_whole(found(tmp_path))


def test_the_kit_s_numbers_alone_are_not_believed(tmp_path: Path) -> None:
    write_folders(tmp_path)
    flatten(tmp_path / "val")
    name, data = devkit()[1]
    write(tmp_path / "val" / Path(name).name, data)
    with pytest.raises(
        LogpolarError, match=r"ground_truth.txt counts classes in an order of its own .* meta.mat tells"
    ):
        found(tmp_path)
