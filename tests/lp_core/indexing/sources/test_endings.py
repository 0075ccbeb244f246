"""`endings` names what a file is; all of its lists are documented."""

from __future__ import annotations

from pathlib import Path

import pytest

from lp_core.indexing.sources.endings import IMAGE_ENDINGS, UNREAD
from lp_core.indexing.sources.leftovers import FILES, FOLDERS, SUFFIXES
from tests.lp_core.indexing.found_collections import found, labels, write_classes
from tests.lp_core.indexing.imagenet_forms import (
    write,
)


@pytest.mark.parametrize("ending", [".gif", ".jfif", ".avif", ".jp2", ".JPE", ".tga"])
def test_whatever_pillow_reads_is_a_photograph(tmp_path: Path, ending: str) -> None:
    write_classes(tmp_path, ["cat", "dog"], f"a{ending}")
    collection = found(tmp_path)
    assert len(labels(collection)) == 2
    assert collection.quarantined == []
    assert ending.lower() in IMAGE_ENDINGS


@pytest.mark.parametrize("ending", sorted(UNREAD))
@pytest.mark.parametrize("place", ["train/cat/", "other/", ""])
def test_what_nobody_reads_is_named_wherever_it_lies(tmp_path: Path, ending: str, place: str) -> None:
    write_classes(tmp_path / "train", ["cat", "dog"])
    write(tmp_path / f"{place}x{ending.upper()}", b"?")
    [quarantined] = found(tmp_path).quarantined
    assert quarantined.where == f"{place}x{ending.upper()}"
    assert quarantined.reason == f"{UNREAD[ending]} ({ending.upper()}) is not read; convert it to JPEG or PNG"


def test_the_lists_of_names_and_endings_are_documented() -> None:
    page = (Path(__file__).parents[4] / "docs" / "DATA.md").read_text()
    names = [name for name in (*FOLDERS, *FILES, *SUFFIXES) if name.isprintable()]
    raw = {ending for ending, what in UNREAD.items() if "camera" in what}
    missing = [name for name in (*names, *IMAGE_ENDINGS, *(UNREAD.keys() - raw)) if f"`{name}`" not in page]
    assert missing == []
