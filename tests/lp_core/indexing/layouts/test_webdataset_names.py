"""Names of members in webdataset archives as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lp_core.errors import DataError
from lp_core.indexing.layouts import find
from lp_core.indexing.layouts.found import Found
from lp_core.storage import Storage
from tests.lp_core.indexing.imagenet_forms import jpeg, tar, write
from workflows.index import index


def found(path: Path, *names: str) -> Found:
    """A collection of one archive: images, and class files whose class is their place among the images."""
    images = [name for name in names if name.lower().endswith((".jpg", ".png"))]
    labels = iter(range(len(images)))
    members = [(name, jpeg(k)) if name in images else (name, b"%d\n" % next(labels)) for k, name in enumerate(names)]
    write(path / "train-0000.tar", tar(members))
    return find(Storage.at(path))


@pytest.mark.parametrize(
    "names",
    [
        ("a.JPG", "a.CLS", "b.JPG", "b.CLS"),
        ("a.jpg", "a.CLS", "b.Jpg", "b.cls"),
        ("a.jpg", "a.cls.txt", "b.jpg", "b.Cls.Txt"),
        ("n1.v1.0.jpg", "n1.v1.0.cls", "n1.v1.1.jpg", "n1.v1.1.cls"),
        ("x/a.1.jpg", "x/a.1.cls.txt", "x/a.2.jpg", "x/a.2.cls.txt"),
        ("dir.v2/a.jpg", "dir.v2/a.cls", "dir.v2/b.jpg", "dir.v2/b.cls"),
    ],
    ids=lambda names: names[0] + " " + names[1],
)
def test_classes_are_found_whatever_their_ending_and_the_dots_of_keys(tmp_path: Path, names: tuple[str, ...]) -> None:
    collection = found(tmp_path, *names)
    assert collection.refused == []
    assert collection.files["train"].labels.tolist() == [0, 1]


def test_json_in_capitals_is_read(tmp_path: Path) -> None:
    write(tmp_path / "train-0000.tar", tar([("a.1.png", jpeg(1)), ("a.1.JSON", b'{"label": 3}')]))
    assert find(Storage.at(tmp_path)).files["train"].labels.tolist() == [3]


def test_a_key_without_a_plain_image_has_no_photograph(tmp_path: Path) -> None:
    collection = found(tmp_path, "000.left.jpg", "000.cls", "001.jpg", "001.cls")
    assert collection.files["train"].labels.tolist() == [1]
    [refused] = collection.refused
    assert "plain ending" in refused.reason


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ([], "its class is missing: no 0.cls"),
        ([("{k}.label.txt", b"0")], r"its class is missing: no 0\.cls \(there is 0\.label\.txt\)"),
        ([("{k}.json", b"{}")], r"its class is missing: no 0\.cls, and no 'label' in its JSON"),
    ],
    ids=["nothing", "text", "json"],
)
def test_where_all_samples_are_refused_the_first_reasons_and_the_count_are_told(
    tmp_path: Path, others: list[tuple[str, bytes]], reason: str
) -> None:
    members = [(name.format(k=k), data) for k in range(5) for name, data in [("{k}.jpg", jpeg(k)), *others]]
    write(tmp_path / "train-0000.tar", tar(members))
    first = rf"^split train: no usable photographs among the \d+ files found \(train-0000\.tar:0\.jpg: {reason}; "
    with pytest.raises(DataError, match=first + r".*; and \d more\)$"):
        index(str(tmp_path), str(tmp_path / "out"))
