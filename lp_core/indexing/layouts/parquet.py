"""Hugging Face Parquet, indexed in place: `<split>-00000-of-00014.parquet` or `<split>/0000.parquet`, at any depth."""

from __future__ import annotations

import posixpath
import re

from lp_core.dataset.shards import open_shard
from lp_core.errors import DataError, check
from lp_core.indexing.collection import Collection
from lp_core.indexing.identity.classes import ImageClass
from lp_core.indexing.reading.columns import columns_of
from lp_core.indexing.sources.source import Source, split_of_folder
from lp_core.storage import Storage

EXAMPLE = "train-*.parquet"
_NAME = re.compile(r"^(?P<split>[A-Za-z]+)([-_.].*)?\.parquet$")
_NUMBER = re.compile(r"-(?P<number>\d+)-of-(?P<count>\d+)")
_OWN_TABLES = "rows/"
"""A finished data set folder keeps its row tables here; they hold no images."""


def recognise(source: Source) -> bool:
    """Whether some file of the folder is a Parquet shard of a split."""
    return any(_split(name) for name in source.files)


def find(source: Source) -> Collection:
    """List the shards of every split in the order of their names, and their columns.

    The classes are those of `classes.json` ([{"wnid", "name"}] by index) beside the shards; else the shards name them.

    Raises:
        DataError: there are none, one cannot be opened or does not show its columns, or some are missing.
    """
    shards: dict[str, list[str]] = {}
    for name in source.files:
        if split := _split(name):
            shards.setdefault(split, []).append(name)
    check(bool(shards), f"source {source.storage}: no files named train-*.parquet or validation-*.parquet", DataError)
    for split, names in shards.items():
        _check_complete(split, names)
    paths = {split: [(source.storage / name).uri for name in names] for split, names in shards.items()}
    first = next(iter(paths.values()))[0]
    with open_shard(first) as shard:
        columns = columns_of(first, shard.schema_arrow, source.image_column, source.label_column)
    classes = _named_beside(source.storage) if "classes.json" in source.files else []
    return Collection("parquet", paths, classes, columns=columns)


def _split(name: str) -> str | None:
    """The split that the name of a file or of a folder above it states (default/train/0000.parquet)."""
    if name.startswith(_OWN_TABLES) or not name.endswith(".parquet"):
        return None
    *folders, base = name.split("/")
    match = _NAME.match(base)
    splits = (split_of_folder(part) for part in [match["split"] if match else "", *folders[::-1]])
    return next((split for split in splits if split), None)


def _check_complete(split: str, names: list[str]) -> None:
    """Check that no shards are missing: their names state how many there are."""
    matches = [match for name in names if (match := _NUMBER.search(posixpath.basename(name)))]
    counts = {int(match["count"]) for match in matches}
    check(
        len(counts) <= 1,
        f"split {split}: shards of {' and '.join(str(count) for count in sorted(counts))} lie side by side, such as "
        f"{names[0]} and {names[-1]}; keep one set",
        DataError,
    )
    for count in counts:
        missing = sorted(set(range(count)) - {int(match["number"]) for match in matches})
        if missing:
            raise DataError(
                f"split {split}: {len(missing)} of {count} shards are missing, number {missing[0]} first; "
                "download them, or take '-of-' out of the others' names"
            )


def _named_beside(storage: Storage) -> list[ImageClass]:
    entries = storage.read_json("classes.json")
    try:
        return [ImageClass(str(entry["name"]), entry.get("wnid")) for entry in entries]
    except (TypeError, KeyError, AttributeError):
        raise DataError(f"{storage.path('classes.json')}: a list of objects with 'name' is expected") from None
