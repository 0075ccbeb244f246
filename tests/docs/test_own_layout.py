"""The layout of docs/howto/own_layout.md is one: `index` would read a collection in it."""

import re
import types
from pathlib import Path

import pytest

from lp_core.errors import DataError
from lp_core.indexing import layouts
from lp_core.storage import Storage
from tests.lp_core.indexing.imagenet_forms import jpeg

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "own_layout.md"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A collection in the page's layout, which is registered as the page says."""
    code = re.search(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    module = types.ModuleType("list_layout")
    exec(code[1], module.__dict__)
    monkeypatch.setattr(layouts, "LAYOUTS", {"list": module, **layouts.LAYOUTS})
    for number, name in enumerate(("a.jpg", "b.jpg", "c.jpg", "stray.jpg")):
        (tmp_path / name).write_bytes(jpeg(number))
    (tmp_path / "labels.csv").write_text("b.jpg,cat\na.jpg,dog\nc.jpg,cat\n")
    return tmp_path


def test_it_is_recognised_and_lists_the_collection(folder: Path) -> None:
    collection = layouts.find(Storage.at(folder))
    train = collection.files["train"]
    assert collection.layout == "list"
    assert [each.name for each in collection.classes] == ["cat", "dog"]
    assert (train.names, train.labels.tolist()) == (["a.jpg", "b.jpg", "c.jpg"], [1, 0, 0])
    assert train.sizes.tolist() == [(folder / name).stat().st_size for name in train.names]
    assert [(each.where, each.reason) for each in collection.quarantined] == [
        ("stray.jpg", "labels.csv does not name it")
    ]


def test_a_name_without_its_file_is_refused(folder: Path) -> None:
    (folder / "c.jpg").unlink()
    with pytest.raises(DataError, match=r"labels\.csv names 1 files that are not there, such as \['c\.jpg'\]"):
        layouts.find(Storage.at(folder))
