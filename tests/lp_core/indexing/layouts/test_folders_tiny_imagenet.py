"""`folders` reads Tiny ImageNet as it is distributed, and as people rearrange it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lp_core.errors import LogpolarError
from tests.lp_core.indexing.found_collections import class_names, found, labels, write_classes
from tests.lp_core.indexing.imagenet_forms import (
    WNIDS,
    jpeg,
    write,
)


def write_tiny(root: Path) -> None:
    """Tiny ImageNet as the archive unpacks."""
    root = root / "tiny-imagenet-200"
    for wnid in WNIDS:
        for number in range(3):
            write(root / "train" / wnid / "images" / f"{wnid}_{number}.JPEG", jpeg(number))
        write(root / "train" / wnid / f"{wnid}_boxes.txt", f"{wnid}_0.JPEG\t0\t0\t62\t62\n")
    order = [2, 0, 1, 1]
    lines = [f"val_{number}.JPEG\t{WNIDS[place]}\t0\t32\t44\t62" for number, place in enumerate(order)]
    write(root / "val" / "val_annotations.txt", "\n".join(lines) + "\n")
    for number in range(4):
        write(root / "val" / "images" / f"val_{number}.JPEG", jpeg(number))
        write(root / "test" / "images" / f"test_{number}.JPEG", jpeg(number))
    write(root / "wnids.txt", "\n".join(WNIDS[::-1]))
    words = {"n00001740": "entity", WNIDS[0]: "tench, Tinca tinca", WNIDS[1]: "Shetland sheepdog, Shetland"}
    write(root / "words.txt", "".join(f"{wnid}\t{name}\n" for wnid, name in words.items()))


def test_tiny_imagenet_as_it_is_distributed(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    collection = found(tmp_path)
    assert {split: len(files.names) for split, files in collection.files.items()} == {
        "train": 9,
        "validation": 4,
        "test": 4,
    }
    assert labels(collection, "validation") == {"val_0.JPEG": 2, "val_1.JPEG": 0, "val_2.JPEG": 1, "val_3.JPEG": 1}
    assert set(labels(collection, "test").values()) == {-1}
    assert labels(collection)[f"{WNIDS[1]}/images/{WNIDS[1]}_2.JPEG"] == 1
    assert class_names(collection) == ["tench, Tinca tinca", "Shetland sheepdog, Shetland", "toilet tissue"]
    assert collection.quarantined == []


@pytest.mark.parametrize("inner", ["", "images"])
@pytest.mark.parametrize("emptied", [True, False])
def test_tiny_imagenet_with_val_sorted_into_class_folders(tmp_path: Path, inner: str, emptied: bool) -> None:
    write_tiny(tmp_path)
    val = tmp_path / "tiny-imagenet-200" / "val"
    for number, place in enumerate([2, 0, 1, 1]):
        folder = val / WNIDS[place] / inner
        folder.mkdir(parents=True, exist_ok=True)
        (val / "images" / f"val_{number}.JPEG").rename(folder / f"val_{number}.JPEG")
    if not emptied:
        (val / "images").rmdir()
    by_stem = {Path(name).stem: label for name, label in labels(found(tmp_path), "validation").items()}
    assert by_stem == {"val_0": 2, "val_1": 0, "val_2": 1, "val_3": 1}


def test_tiny_imagenet_with_a_damaged_list_is_refused(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    write(tmp_path / "tiny-imagenet-200" / "val" / "val_annotations.txt", "val_0.JPEG\tcat\n")
    with pytest.raises(LogpolarError, match=r"val_annotations.txt, line 1: .* is expected, not 'val_0.JPEG\\tcat'"):
        found(tmp_path)


@pytest.mark.parametrize("text", ["the words of\nthis collection\n", "", "\n", b"\xff\xfe\x00"])
def test_another_file_called_words_names_no_classes(tmp_path: Path, text: str | bytes) -> None:
    write_classes(tmp_path / "train", WNIDS)
    write(tmp_path / "words.txt", text)
    assert class_names(found(tmp_path)) == ["tench", "Shetland sheepdog", "toilet tissue"]
