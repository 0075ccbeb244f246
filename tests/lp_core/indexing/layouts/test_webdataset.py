"""`webdataset` finds the photograph and the class of every key, as people name them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lp_core.errors import LogpolarError
from lp_core.indexing.collection import Collection
from lp_core.indexing.layouts import find
from lp_core.storage import Storage
from tests.lp_core.indexing.found_collections import found, is_whole, labels, labels_by_stem
from tests.lp_core.indexing.imagenet_forms import (
    WNIDS,
    jpeg,
    tar,
    write,
    write_folders,
    write_webdataset,
)
from tests.workflows.index_command import index


def test_webdataset_keys_that_only_count_keep_the_labels(tmp_path: Path) -> None:
    members = [(f"{k:08d}.{end}", data) for k in range(3) for end, data in (("jpg", jpeg(k)), ("cls", b"%d\n" % k))]
    write(tmp_path / "imagenet-train-000000.tar", tar(members))
    collection = found(tmp_path)
    assert labels(collection, "train") == {f"{k:08d}.JPEG": k for k in range(3)}
    assert [one.name for one in collection.classes] == ["class 0", "class 1", "class 2"]


def test_webdataset_labels_may_stand_in_json_alone(tmp_path: Path) -> None:
    about = {"filename": "n02105855/n02105855_2933.JPEG", "label": 0}
    write(tmp_path / "train-0000.tar", tar([("x.jpeg", jpeg(1)), ("x.json", json.dumps(about).encode())]))
    collection = found(tmp_path)
    assert labels(collection, "train") == {"n02105855/n02105855_2933.JPEG": 0}
    assert [one.wnid for one in collection.classes] == ["n02105855"]


def test_webdataset_and_folders_hold_the_same_names(tmp_path: Path) -> None:
    write_webdataset(tmp_path / "a")
    write_folders(tmp_path / "b")
    one, other = labels(found(tmp_path / "a"), "train"), labels(found(tmp_path / "b"), "train")
    assert one == other


def test_webdataset_splits_may_be_folders(tmp_path: Path) -> None:
    write_webdataset(tmp_path / "plain")
    for path in (tmp_path / "plain").glob("*.tar"):
        _, split, number = path.stem.split("-")
        (tmp_path / "source" / split).mkdir(parents=True, exist_ok=True)
        path.rename(tmp_path / "source" / split / f"{number}.tar")
    is_whole(found(tmp_path / "source"))


def test_webdataset_labels_that_join_several_wnids_are_taken_as_they_are(tmp_path: Path) -> None:
    samples = [(f"{WNIDS[0]}_1", 0), (f"{WNIDS[2]}_1", 0), (f"{WNIDS[1]}_1", 1)]
    members = [(f"{key}.{end}", data) for key, k in samples for end, data in (("jpg", jpeg(k)), ("cls", b"%d" % k))]
    write(tmp_path / "train-0000.tar", tar(members))
    collection = found(tmp_path)
    assert labels_by_stem(collection, "train") == dict(samples)
    assert [(one.name, one.wnid) for one in collection.classes] == [
        ("class 0", None),
        ("Shetland sheepdog", WNIDS[1]),
    ]


def webdataset(tmp_path: Path, names: list[str]) -> tuple[list[str], dict[str, str]]:
    """Names of the photographs, and reasons by member of the others."""
    write(tmp_path / "train-0000.tar", tar([(name, b"0" if name.endswith(".cls") else jpeg(1)) for name in names]))
    collection = found(tmp_path)
    return list(labels(collection)), {one.where.partition(":")[2]: one.reason for one in collection.quarantined}


@pytest.mark.parametrize("order", [1, -1])
def test_a_webdataset_has_one_photograph_per_key(tmp_path: Path, order: int) -> None:
    names = ["000.jpg", "000.seg.png", "000.thumb.jpg", "000.cls", "001.seg.png", "001.png", "001.cls"]
    photographs, others = webdataset(tmp_path, names[::order])
    assert sorted(photographs) == ["000.JPEG", "001.png"]
    assert others == {
        "000.seg.png": "not the photograph of its key, which is 000.jpg",
        "000.thumb.jpg": "not the photograph of its key, which is 000.jpg",
        "001.seg.png": "not the photograph of its key, which is 001.png",
    }


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["b.left.jpg", "b.right.jpg"], "its key has no photograph with a plain ending, such as b.jpg"),
        (["b.seg.png"], "its key has no photograph with a plain ending, such as b.jpg"),
        (["b.jpg", "b.png"], "its key has 2 photographs (b.jpg, b.png); keep one"),
    ],
)
def test_a_key_whose_photograph_is_unclear_is_refused(tmp_path: Path, names: list[str], reason: str) -> None:
    photographs, others = webdataset(tmp_path, ["a.jpg", "a.cls", *names, "b.cls"])
    assert photographs == ["a.JPEG"]
    assert others == dict.fromkeys(names, reason)


def archive_of(path: Path, *names: str) -> Collection:
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
    collection = archive_of(tmp_path, *names)
    assert collection.quarantined == []
    assert collection.files["train"].labels.tolist() == [0, 1]


def test_json_in_capitals_is_read(tmp_path: Path) -> None:
    write(tmp_path / "train-0000.tar", tar([("a.1.png", jpeg(1)), ("a.1.JSON", b'{"label": 3}')]))
    assert find(Storage.at(tmp_path)).files["train"].labels.tolist() == [3]


def test_a_key_without_a_plain_image_has_no_photograph(tmp_path: Path) -> None:
    collection = archive_of(tmp_path, "000.left.jpg", "000.cls", "001.jpg", "001.cls")
    assert collection.files["train"].labels.tolist() == [1]
    [quarantined] = collection.quarantined
    assert "plain ending" in quarantined.reason


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
    with pytest.raises(LogpolarError, match=first + r".*; and \d more\)$"):
        index(str(tmp_path), str(tmp_path / "out"))


@pytest.mark.parametrize("label", [b"1000000", b"30000000000", b"9" * 20, b"9" * 5000], ids=lambda label: len(label))
def test_numbers_too_large_for_a_class_are_refused(tmp_path: Path, label: bytes) -> None:
    write(tmp_path / "train-0000.tar", tar([("a.jpg", jpeg(1)), ("a.cls", label)]))
    with pytest.raises(LogpolarError, match=r"the class of a is 1?3?0*9*: more than 1000000 classes"):
        find(Storage.at(tmp_path))


def test_a_sample_whose_members_state_different_classes_is_refused(tmp_path: Path) -> None:
    same = [("a.jpg", jpeg(1)), ("a.cls", b"3"), ("a.json", b'{"label": 3}')]
    write(tmp_path / "train-0000.tar", tar(same))
    assert find(Storage.at(tmp_path)).files["train"].labels.tolist() == [3]
    write(tmp_path / "train-0000.tar", tar([*same[:2], ("a.json", b'{"label": 4}')]))
    with pytest.raises(LogpolarError, match=r"a has several classes \(3 in \.cls, 4 in \.json\); keep one"):
        find(Storage.at(tmp_path))
