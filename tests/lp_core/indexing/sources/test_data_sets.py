"""A data set folder that lies in a source is no part of the collection, and a line says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lp_core.errors import DataError
from lp_core.indexing.layouts import find
from lp_core.indexing.manifest import write_dataset_folder
from lp_core.storage import Storage
from tests.lp_core.indexing.found_collections import found, labels
from tests.lp_core.indexing.imagenet_forms import FORMS, write

MADE = "made/earlier"


def index_inside(source: Path, form: str = "parquet") -> None:
    """A data set folder with its own shards, below a source."""
    FORMS[form](source / MADE)
    write_dataset_folder(Storage.at(source / MADE), found(source / MADE))


@pytest.mark.parametrize("form", FORMS)
def test_an_earlier_data_set_changes_nothing_but_a_line(tmp_path: Path, form: str) -> None:
    FORMS[form](tmp_path)
    before = found(tmp_path)
    index_inside(tmp_path)
    after = found(tmp_path)
    assert (after.layout, after.shards, after.classes) == (before.layout, before.shards, before.classes)
    assert {split: labels(after, split) for split in after.files} == {
        split: labels(before, split) for split in before.files
    }
    assert after.quarantined == before.quarantined
    assert after.notes == [
        *before.notes,
        f"{MADE}/ is a data set folder that was indexed earlier; its files are left out",
    ]


def test_one_that_was_begun_counts_too_and_other_lists_do_not(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / name / "1.jpg", b"?")
        write(tmp_path / name / "manifest.json", json.dumps({"images": ["1.jpg"]}).encode())
        write(tmp_path / name / "index.json", b"no JSON")
    write(tmp_path / "begun" / "data" / "1.jpg", b"?")
    write(tmp_path / "begun" / "index.json", json.dumps({"made_from": "f", "layout": "folders"}).encode())
    collection = found(tmp_path)
    assert labels(collection) == {"a/1.jpg": 0, "b/1.jpg": 1}
    assert [note for note in collection.notes if "indexed earlier" in note] == [
        "begun/ is a data set folder that was indexed earlier; its files are left out"
    ]


def test_a_source_of_nothing_else_is_refused_and_a_data_set_folder_itself_is_none_inside(tmp_path: Path) -> None:
    index_inside(tmp_path)
    with pytest.raises(DataError, match=f"holds only a data set folder that is indexed already, {MADE}/; train with"):
        found(tmp_path)
    assert find(Storage.at(tmp_path / MADE)).layout == "parquet"
