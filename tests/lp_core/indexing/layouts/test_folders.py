"""`folders` takes every photograph of a class folder, and names what is none."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path

import pytest

from lp_core.errors import LogpolarError
from tests.lp_core.indexing.found_collections import (
    class_names,
    expected,
    found,
    is_whole,
    labels,
    labels_by_stem,
    write_classes,
)
from tests.lp_core.indexing.imagenet_forms import (
    WNIDS,
    jpeg,
    write,
    write_folders,
)


@pytest.mark.parametrize("stray", [".ipynb_checkpoints/a-checkpoint.jpg", ".DS_Store", "__MACOSX/n01440764/._a.JPEG"])
def test_hidden_files_and_folders_do_not_shift_the_classes(tmp_path: Path, stray: str) -> None:
    write_folders(tmp_path)
    before = labels(found(tmp_path), "train")
    write(tmp_path / "train" / stray, jpeg(1))
    collection = found(tmp_path)
    assert labels(collection, "train") == before
    assert [one.wnid for one in collection.classes] == WNIDS
    assert collection.quarantined == []


def test_a_folder_of_classes_without_splits_is_for_training(tmp_path: Path) -> None:
    for name in ("dog", "cat"):
        write(tmp_path / name / f"{name}-1.jpg", jpeg(1))
    collection = found(tmp_path)
    assert labels(collection, "train") == {"cat/cat-1.jpg": 0, "dog/dog-1.jpg": 1}
    assert [(one.name, one.wnid) for one in collection.classes] == [("cat", None), ("dog", None)]


def test_a_flat_test_split_has_no_labels(tmp_path: Path) -> None:
    write_folders(tmp_path)
    write(tmp_path / "test" / "ILSVRC2012_test_00000001.JPEG", jpeg(1))
    assert labels(found(tmp_path), "test") == {"ILSVRC2012_test_00000001.JPEG": -1}


def test_hidden_files_symlinks_and_endings_of_either_case(tmp_path: Path) -> None:
    write_folders(tmp_path / "plain")
    shutil.copytree(tmp_path / "plain", tmp_path / "source")
    train = tmp_path / "source" / "train"
    moved = sorted((train / WNIDS[0]).iterdir())
    for path, ending in zip(moved, (".jpg", ".JPG", ".jpeg", ".Jpeg"), strict=False):
        path.rename(path.with_suffix(ending))
    shutil.rmtree(train / WNIDS[1])
    (train / WNIDS[1]).symlink_to(tmp_path / "plain" / "train" / WNIDS[1])
    linked = next((train / WNIDS[2]).iterdir())
    linked.unlink()
    linked.symlink_to(tmp_path / "plain" / "train" / WNIDS[2] / linked.name)
    for hidden in (".DS_Store", f"{WNIDS[0]}/._n01440764_10.JPEG", ".ipynb_checkpoints/x.JPEG", "Thumbs.db/.x.jpg"):
        write(train / hidden, b"?")
    (train / "Thumbs.db" / ".x.jpg").unlink()
    (train / "Thumbs.db").rmdir()
    is_whole(found(tmp_path / "source"))


def test_empty_class_folders_of_val_are_no_loss(tmp_path: Path) -> None:
    write_folders(tmp_path)
    for path in (tmp_path / "val" / WNIDS[0]).iterdir():
        path.unlink()
    collection = found(tmp_path)
    assert labels_by_stem(collection, "validation") == {k: v for k, v in expected("validation").items() if v != 0}


def test_a_class_without_photographs_beside_a_deep_one_is_still_refused(tmp_path: Path) -> None:
    write(tmp_path / "train" / "cat" / "2019" / "a.jpg", b"?")
    write(tmp_path / "train" / "cat" / "2020" / "a.jpg", b"?")
    write(tmp_path / "train" / "dog" / "notes.txt", b"?")
    with pytest.raises(LogpolarError, match="dog holds no photographs"):
        found(tmp_path)


def test_classes_of_unreadable_pictures_alone_say_so(tmp_path: Path) -> None:
    write_classes(tmp_path, ["cat", "dog"], "a.heic")
    with pytest.raises(LogpolarError, match=r"2 pictures that cannot be read: cat/a.heic: HEIC \(.heic\) is not read"):
        found(tmp_path)
    write(tmp_path / "dog" / "b.jpg", b"?")
    with pytest.raises(LogpolarError, match=r"cat holds no photographs, only cat/a.heic: HEIC .* convert"):
        found(tmp_path)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_class_names_that_differ_in_unicode_form_are_joined(tmp_path: Path, form: str) -> None:
    other = "NFD" if form == "NFC" else "NFC"
    café = {name: unicodedata.normalize(name, "café") for name in (form, other)}
    write_classes(tmp_path / "train", [café[form], "tea"])
    write_classes(tmp_path / "train", [café[other]], "b.jpg")
    write_classes(tmp_path / "val", [café[other], "tea"])
    collection = found(tmp_path)
    assert class_names(collection) == [unicodedata.normalize("NFC", "café"), "tea"]
    assert labels(collection) == {f"{café[form]}/a.jpg": 0, f"{café[other]}/b.jpg": 0, "tea/a.jpg": 1}
    assert labels(collection, "validation") == {f"{café[other]}/a.jpg": 0, "tea/a.jpg": 1}


def test_imagenet_v2(tmp_path: Path) -> None:
    write_classes(tmp_path / "imagenetv2-matched-frequency-format-val", [str(number) for number in range(1000)])
    collection = found(tmp_path)
    assert labels(collection)["207/a.jpg"] == 207
    assert [class_names(collection)[index] for index in (0, 207, 999)] == ["tench", "golden retriever", "toilet tissue"]
    assert "taken for ImageNet's classes" in collection.notes[0]


def test_masks_beside_photographs_are_named_because_they_count(tmp_path: Path) -> None:
    for name in ("masks/1.png", "masks/2.png", "Annotations/1.png", "images/1.jpg", "1.jpg"):
        write(tmp_path / "train" / "cat" / name, jpeg(1))
    write(tmp_path / "train" / "masks" / "1.jpg", jpeg(1))  # a class of that name is one
    collection = found(tmp_path)
    assert len(labels(collection)) == 6
    [note] = collection.notes
    assert note.startswith("train: 3 of 6 images, cat/Annotations/1.png first, lie in folders that are named as masks")
