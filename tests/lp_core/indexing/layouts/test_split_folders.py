"""`split_folders` finds the class folders of each split, however they are wrapped and named."""

from __future__ import annotations

from pathlib import Path

import pytest

from lp_core.errors import LogpolarError
from tests.lp_core.indexing.found_collections import (
    class_names,
    found,
    ids,
    is_whole,
    labels,
    labels_by_stem,
    write_classes,
)
from tests.lp_core.indexing.imagenet_forms import (
    jpeg,
    write,
    write_folders,
)


@pytest.mark.parametrize(
    ("train", "val"),
    [
        ("Train", "VAL"),
        ("imagenet/train", "imagenet/val"),
        ("data/imagenet/train", "data/imagenet/valid"),
        ("ILSVRC2012_img_train", "ILSVRC2012_img_val"),
        ("train/ILSVRC2012_img_train", "val/ILSVRC2012_img_val"),
        ("train/images", "validation/images"),
    ],
)
def test_folders_around_the_splits_and_the_classes_are_no_classes(tmp_path: Path, train: str, val: str) -> None:
    write_folders(tmp_path / "plain")
    for plain, moved in (("train", train), ("val", val)):
        (tmp_path / "source" / moved).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "plain" / plain).rename(tmp_path / "source" / moved)
    is_whole(found(tmp_path / "source"))


def test_classes_alone_in_a_folder(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        write(tmp_path / "pictures" / name / f"{name}-1.JPG", jpeg(1))
    assert labels_by_stem(found(tmp_path), "train") == {"cat-1": 0, "dog-1": 1}


@pytest.mark.parametrize("like", ["train", "Train", "test", "val", "valid"])
@pytest.mark.parametrize("above", ["", "pictures"])
def test_a_class_named_like_a_split_is_told_how_to_be_arranged(tmp_path: Path, like: str, above: str) -> None:
    write_classes(tmp_path / above, ["bus", "car", like])
    train = f"{above}/train" if above else "train"
    with pytest.raises(
        LogpolarError, match=f"{like} is named like a split, .* move them into a folder {train}: "
    ) as error:
        found(tmp_path)
    assert f"{train}/bus, {train}/{like}" in str(error.value)
    (tmp_path / above).rename(tmp_path.parent / "moved")
    (tmp_path / train).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path.parent / "moved").rename(tmp_path / train)
    assert labels(found(tmp_path)) == {f"{name}/a.jpg": i for i, name in enumerate(sorted(["bus", "car", like]))}


def test_caltech_101(tmp_path: Path) -> None:
    for name in ("accordion", "BACKGROUND_Google", "yin_yang"):
        for number in (1, 2):
            write(tmp_path / "caltech-101" / "101_ObjectCategories" / name / f"image_{number:04d}.jpg", b"?")
            write(tmp_path / "caltech-101" / "Annotations" / name / f"annotation_{number:04d}.mat", b"?")
    collection = found(tmp_path)
    assert class_names(collection) == ["BACKGROUND_Google", "accordion", "yin_yang"]
    assert collection.quarantined == []
    assert sorted(ids(collection))[-1] == "yin_yang/image_0002"
