"""A collection as a layout finds it, and what tests compare of it."""

from __future__ import annotations

from pathlib import Path

from lp_core.indexing.collection import Collection
from lp_core.indexing.layouts import find
from lp_core.indexing.writing.plan import Plan
from lp_core.storage import Storage
from tests.lp_core.indexing.imagenet_forms import (
    WNIDS,
    photos,
    write,
)


def found(path: Path, layout: str | None = None) -> Collection:
    """The collection in a folder."""
    return find(Storage.at(path), layout)


def labels(collection: Collection, split: str = "train") -> dict[str, int]:
    """Class index by the photograph's path within the split."""
    files = collection.files[split]
    return dict(zip(files.names, files.labels.tolist(), strict=True))


def labels_by_stem(collection: Collection, split: str) -> dict[str, int]:
    """Class index by the stem of the photograph's file."""
    return {Path(name).stem: label for name, label in labels(collection, split).items()}


def write_classes(root: Path, names: list[str], file: str = "a.jpg") -> None:
    for name in names:
        write(root / name / file, b"?")


def class_names(collection: Collection) -> list[str]:
    return [one.name for one in collection.classes]


def ids(collection: Collection, split: str = "train") -> list[str]:
    return [one.image_id for piece in Plan(split, collection.files[split], 0).shards() for one in piece.photographs]


def expected(split: str) -> dict[str, int]:
    return {one.stem: WNIDS.index(one.wnid) for one in photos() if one.split == split}


def is_whole(collection: Collection) -> None:
    for split in ("train", "validation"):
        assert labels_by_stem(collection, split) == expected(split)
    assert collection.quarantined == []
    assert [one.wnid for one in collection.classes] == WNIDS
