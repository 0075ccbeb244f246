"""`tars` reads ImageNet's archives as they are, or the training archive unpacked once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lp_core.indexing.found_collections import found, is_whole
from tests.lp_core.indexing.imagenet_forms import (
    WNIDS,
    photos,
    tar,
    write,
    write_tars,
)


def test_the_training_archive_alone_needs_no_kit(tmp_path: Path) -> None:
    write_tars(tmp_path)
    for name in ("ILSVRC2012_img_val.tar", "ILSVRC2012_devkit_t12.tar.gz"):
        (tmp_path / name).unlink()
    classes = [("tench", WNIDS[0]), ("Shetland sheepdog", WNIDS[1]), ("toilet tissue", WNIDS[2])]
    assert [(one.name, one.wnid) for one in found(tmp_path).classes] == classes


@pytest.mark.parametrize("folder", ["", "train", "ILSVRC2012_img_train"])
def test_the_training_archive_unpacked_once(tmp_path: Path, folder: str) -> None:
    write_tars(tmp_path)
    (tmp_path / "ILSVRC2012_img_train.tar").unlink()
    for wnid in WNIDS:
        members = [(f"{one.stem}.JPEG", one.data) for one in photos() if one.split == "train" and one.wnid == wnid]
        write(tmp_path / folder / f"{wnid}.tar", tar(members))
    collection = found(tmp_path)
    assert collection.layout == "tars"
    is_whole(collection)
    content = {one.stem: one.data for one in photos()}
    files = collection.files["train"]
    for name, holder, offset, size in zip(files.names, files.holders, files.offsets, files.sizes, strict=True):
        assert (tmp_path / holder).read_bytes()[offset : offset + size] == content[Path(name).stem]


def test_what_a_mac_adds_to_archives_is_not_looked_at(tmp_path: Path) -> None:
    write_tars(tmp_path)
    validation = [(f"{one.stem}.JPEG", one.data) for one in photos() if one.split == "validation"]
    twins = [(f"./._{name}", b"\0\5\x16\7") for name, _ in validation]
    write(tmp_path / "ILSVRC2012_img_val.tar", tar([*twins, *validation, ("val/.DS_Store", b"?")]))
    is_whole(found(tmp_path))
