"""Every layout is recognised by looking, and gives a subset of ImageNet its names."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lp_core.errors import LogpolarError
from lp_core.indexing.layouts import LAYOUTS
from lp_core.indexing.manifest import write_dataset_folder
from lp_core.storage import Storage
from tests.lp_core.indexing.found_collections import expected, found
from tests.lp_core.indexing.imagenet_forms import (
    FORMS,
    WNIDS,
    jpeg,
    write,
    write_folders,
    write_tars,
)


@pytest.mark.parametrize("form", FORMS)
def test_recognised_by_looking(tmp_path: Path, form: str) -> None:
    FORMS[form](tmp_path)
    assert found(tmp_path).layout == form
    assert found(tmp_path, form).layout == form


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_empty_folder_is_no_layout(tmp_path: Path, layout: str) -> None:
    with pytest.raises(LogpolarError, match=f"^source {tmp_path}: no "):
        found(tmp_path, layout)


@pytest.mark.parametrize("form", FORMS)
def test_a_subset_of_imagenet_has_names_in_every_form(tmp_path: Path, form: str) -> None:
    FORMS[form](tmp_path)
    for listed in ("LOC_synset_mapping.txt", "ILSVRC2012_devkit_t12.tar.gz", "ILSVRC2012_img_val.tar"):
        (tmp_path / listed).unlink(missing_ok=True)
    for path in tmp_path.glob("data/*.parquet"):
        pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)
    collection = found(tmp_path)
    if form == "parquet":
        manifest = write_dataset_folder(Storage.at(tmp_path / "out"), collection)
        classes = [(one["name"], one["wnid"]) for one in manifest["classes"]]
    else:
        classes = [(one.name, one.wnid) for one in collection.classes]
    assert classes == [("tench", WNIDS[0]), ("Shetland sheepdog", WNIDS[1]), ("toilet tissue", WNIDS[2])]


@pytest.mark.parametrize("name", ["tiny-imagenet-200.zip", "101_ObjectCategories.tar.gz"])
def test_a_packed_collection_is_to_be_unpacked(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"?")
    with pytest.raises(LogpolarError, match=f"it holds {re.escape(name)}; unpack {re.escape(name)} first$"):
        found(tmp_path)


def test_images_outside_of_the_splits_are_named(tmp_path: Path) -> None:
    write_folders(tmp_path)
    write(tmp_path / "new" / "n01440764_99.JPEG", jpeg(1))
    [one] = found(tmp_path).quarantined
    assert (one.where, one.image_id) == ("new/n01440764_99.JPEG", "n01440764_99")
    assert one.reason == "an image outside of the collection (layout folders)"


def test_an_extracted_folder_beside_an_archive_is_not_lost(tmp_path: Path) -> None:
    write_tars(tmp_path)
    (tmp_path / "ILSVRC2012_img_train.tar").unlink()
    write_folders(tmp_path)
    shutil.rmtree(tmp_path / "val")
    collection = found(tmp_path)
    assert set(collection.files) == {"validation"}
    assert {one.image_id for one in collection.quarantined} == set(expected("train"))
