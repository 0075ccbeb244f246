"""`devkit` translates the kit's own numbers and refuses a kit that is damaged or too large."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from lp_core.errors import LogpolarError
from tests.lp_core.indexing.found_collections import found, labels
from tests.lp_core.indexing.imagenet_forms import (
    ILSVRC2012_ID,
    NAMES,
    WNIDS,
    devkit,
    jpeg,
    photos,
    tar,
    write,
    write_tars,
)


def test_the_kit_s_own_numbers_are_never_labels(tmp_path: Path) -> None:
    write_tars(tmp_path)
    validation = labels(found(tmp_path), "validation")
    for one in photos():
        if one.split == "validation":
            assert validation[f"{one.stem}.JPEG"] == WNIDS.index(one.wnid) != ILSVRC2012_ID[one.wnid]


@pytest.mark.parametrize("packed", [True, False])
def test_the_kit_may_be_unpacked(tmp_path: Path, packed: bool) -> None:
    write_tars(tmp_path)
    if not packed:
        (tmp_path / "ILSVRC2012_devkit_t12.tar.gz").unlink()
        for name, data in devkit(compressed=False):
            write(tmp_path / name, data)
    collection = found(tmp_path)
    assert [one.name for one in collection.classes] == list(NAMES.values())
    assert labels(collection, "validation")["ILSVRC2012_val_00000001.JPEG"] == 2


def test_a_kit_that_unpacks_to_gigabytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tars(tmp_path)
    monkeypatch.setattr("lp_core.indexing.layouts.devkit._MAX_BYTES", 10_000)
    write(tmp_path / "ILSVRC2012_devkit_t12.tar.gz", gzip.compress(b"\0" * 20_000))
    with pytest.raises(LogpolarError, match="unpacks to more than 10000 bytes"):
        found(tmp_path)


def test_a_number_beyond_the_kit_s_list_is_refused(tmp_path: Path) -> None:
    write_tars(tmp_path)
    write(tmp_path / "ILSVRC2012_img_val.tar", tar([("ILSVRC2012_val_00000009.JPEG", jpeg(1))]))
    with pytest.raises(LogpolarError, match="none of the 8 images whose classes the development kit tells"):
        found(tmp_path)


def test_a_class_archive_that_the_kit_does_not_know_is_refused(tmp_path: Path) -> None:
    write_tars(tmp_path)
    write(tmp_path / "ILSVRC2012_img_train.tar", tar([("n99999999.tar", tar([("n99999999_1.JPEG", jpeg(1))]))]))
    with pytest.raises(LogpolarError, match=r"n99999999\.tar is no class of the development kit"):
        found(tmp_path)


def test_class_names_from_the_devkit(tmp_path: Path) -> None:
    write_tars(tmp_path)
    assert [one.name for one in found(tmp_path).classes] == list(NAMES.values())
