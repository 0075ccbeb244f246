"""`leftovers` are ignored in folders and archives, and folders of them are not entered."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lp_core.indexing.sources.leftovers import FILES, FOLDERS, SUFFIXES
from tests.lp_core.indexing.found_collections import found, labels
from tests.lp_core.indexing.imagenet_forms import (
    WNIDS,
    jpeg,
    photos,
    tar,
    write,
    write_folders,
    write_tars,
)

LEFT = [
    *(f"{folder}/x.jpg" for folder in FOLDERS),
    *FILES,
    *(f"x.jpg{end}" for end in SUFFIXES),
    ".DS_Store",
    "._x.JPEG",
    ".Trash-1000/x.jpg",
    "THUMBS.DB",
]


@pytest.mark.parametrize("left", LEFT)
def test_leftovers_of_systems_are_ignored_in_folders_and_archives(tmp_path: Path, left: str) -> None:
    write_folders(tmp_path / "folders")
    for folder in ("", "train", f"train/{WNIDS[0]}", f"val/{WNIDS[0]}"):
        write(tmp_path / "folders" / folder / left, jpeg(1))
    write_tars(tmp_path / "tars")
    class_tar = [(f"{WNIDS[0]}_1.JPEG", jpeg(1)), (left, jpeg(2)), (f"./sub/{left}", jpeg(2))]
    write(tmp_path / "tars" / "ILSVRC2012_img_train.tar", tar([(f"{WNIDS[0]}.tar", tar(class_tar)), (left, b"?")]))
    sample = [("a.jpg", jpeg(1)), ("a.cls", b"0"), (left, jpeg(2)), (f"sub/{left}", jpeg(2))]
    write(tmp_path / "webdataset" / "train-0000.tar", tar(sample))
    rows = {form: len(labels(found(tmp_path / form))) for form in ("folders", "tars", "webdataset")}
    assert rows == {"folders": sum(one.split == "train" for one in photos()), "tars": 1, "webdataset": 1}
    assert [found(tmp_path / form).quarantined for form in rows] == [[], [], []]


@pytest.mark.parametrize("left", ["lost+found", "#snapshot", ".Trash-1000", "train/@eaDir"])
def test_leftover_folders_are_not_entered(tmp_path: Path, left: str) -> None:
    write_folders(tmp_path / "plain")
    source = tmp_path / "source"
    (tmp_path / "plain").rename(source)
    (source / left).mkdir()
    (source / left / "again").symlink_to(source)  # refused where folders are entered, as one that may not be read is
    Path(os.fsdecode(bytes(source / left) + b"/caf\xe9.JPEG")).touch()
    assert len(labels(found(source))) == sum(one.split == "train" for one in photos())
