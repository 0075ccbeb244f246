"""`image_id` gives a photograph one identity in every layout."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path

import pytest

from lp_core.errors import LogpolarError
from lp_core.indexing.identity.image_id import image_ids
from lp_core.indexing.writing.plan import Plan
from tests.lp_core.indexing.found_collections import expected, found, ids
from tests.lp_core.indexing.imagenet_forms import (
    WNIDS,
    write,
    write_folders,
)


@pytest.mark.parametrize(
    ("paths", "ids"),
    [
        (["n01440764_10026_n01440764.JPEG"], ["n01440764_10026"]),
        (["ILSVRC2012_val_00000293_n01440764.JPEG"], ["ILSVRC2012_val_00000293"]),
        (["n01440764/n01440764_10026.JPEG"], ["n01440764_10026"]),
        (["cat/1.jpg", "dog/1.jpg"], ["cat/1", "dog/1"]),
        (["cat\\1.jpg", "dog\\1.jpg"], ["cat/1", "dog/1"]),
        (["cat/1.jpg", "cat/1.png"], ["shard:0", "shard:1"]),
        (["1.jpg", None], ["shard:0", "shard:1"]),
        (["archive.v2/a.b.jpg"], ["a.b"]),
    ],
    ids=lambda value: "-".join(str(one) for one in value),
)
def test_image_ids(paths: list[str | None], ids: list[str]) -> None:
    assert image_ids(paths, [f"shard:{row}" for row in range(len(paths))]) == ids


def test_places_that_repeat_are_refused() -> None:
    with pytest.raises(LogpolarError, match=r"^a\.parquet:0 is there twice"):
        image_ids([None, None], ["a.parquet:0", "a.parquet:0"])


def test_image_ids_do_not_depend_on_the_unicode_form(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        for name in ("é1", "é2"):
            write(tmp_path / form / "cat" / f"{unicodedata.normalize(form, name)}.jpg", b"?")
    assert ids(found(tmp_path / "NFC")) == ids(found(tmp_path / "NFD"))


def test_of_two_files_with_one_stem_the_ids_are_their_whole_paths(tmp_path: Path) -> None:
    for name in ("cat/1.jpg", "cat/1.png", "cat/2.jpg", "dog/2.jpg", "dog/3.jpg"):
        write(tmp_path / "train" / name, b"?")
    assert sorted(ids(found(tmp_path))) == ["cat/2", "dog/2", "dog/3", "train/cat/1.jpg", "train/cat/1.png"]


def test_one_copy_in_another_folder_does_not_rename_all_others(tmp_path: Path) -> None:
    write_folders(tmp_path / "source")
    name = next((tmp_path / "source" / "train" / WNIDS[0]).iterdir()).name
    shutil.copy(tmp_path / "source" / "train" / WNIDS[0] / name, tmp_path / "source" / "train" / WNIDS[1] / name)

    files = found(tmp_path / "source").files["train"]
    ids = {one.image_id for piece in Plan("train", files, 0).shards() for one in piece.photographs}
    twice = {f"{wnid}/{Path(name).stem}" for wnid in WNIDS[:2]}
    assert ids == set(expected("train")) - {Path(name).stem} | twice
