"""The data set folder: `manifest.json` and one table of rows per split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from lp_core.dataset.shards import Shard, read_row_group, row_group_images
from lp_core.errors import DataError, SettingError, check
from lp_core.storage import Storage, one_line

FORMAT = 1
FOOTER = "sha256-footer:"
"""Begins the checksum of a shard that is indexed in place."""
SPLITS = ("train", "validation", "test")
ROW_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("image_id", pa.string()),
        ("label", pa.int64()),
        ("shard", pa.dictionary(pa.int32(), pa.string())),
        ("row_group", pa.int32()),
        ("row_in_group", pa.int32()),
    ]
)


class NotIndexed(DataError):
    """`data.path` names no finished data set folder."""


class NoValidationSplit(DataError):
    """The data set has a training split to take validation photographs from, and no validation split."""


@dataclass(frozen=True)
class Photograph:
    """One encoded image of a data set: its row number, identity, class and bytes."""

    row: int
    image_id: str
    label: int
    data: bytes


@dataclass(frozen=True)
class DatasetFolder:
    """A finished data set folder, opened for reading.

    Args:
        storage: the folder.
        manifest: the content of its `manifest.json`.
    """

    storage: Storage
    manifest: dict[str, Any]

    @classmethod
    def open(cls, path: str) -> DatasetFolder:
        """Open the folder at a path or URI.

        Raises:
            NotIndexed: it is missing or unfinished.
            LogpolarError: it is of another format.
        """
        if not path:
            raise NotIndexed("data.path is not set")
        storage = Storage.at(path)
        if not storage.exists("manifest.json"):
            what = "is not a finished data set folder" if storage.exists() else "does not exist"
            raise NotIndexed(f"data.path {path} {what}")
        manifest = storage.read_json("manifest.json")
        check(
            isinstance(manifest, dict) and manifest.get("format") == FORMAT,
            f"{storage.path('manifest.json')}: format {FORMAT} is expected; index the source again",
            DataError,
        )
        return cls(storage, manifest)

    @property
    def fingerprint(self) -> str:
        """Changes when any row, label, class or image byte count of the data set does."""
        return self.manifest["fingerprint"]

    @property
    def class_names(self) -> list[str]:
        """Names by class index."""
        return [entry["name"] for entry in self.manifest["classes"]]

    @property
    def wnids(self) -> list[str | None]:
        """WordNet's numbers by class index, where they are known."""
        return [entry["wnid"] for entry in self.manifest["classes"]]

    def rows(self, split: str) -> SplitRows:
        """The table of a split's rows, loaded once per process.

        Raises:
            NoValidationSplit: the data set has no validation split, which could be taken from its training split.
            LogpolarError: the data set has no such split, or its table is damaged.
        """
        splits = self.manifest["splits"]
        if split not in splits:
            kind = NoValidationSplit if split == "validation" and "train" in splits else SettingError
            raise kind(f"{self.storage}: no split '{split}'; it has {', '.join(splits)}")
        rows = _split_rows(self.storage, split, self.fingerprint)
        check(
            len(rows) == splits[split]["rows"],
            f"{self.storage.path(f'rows/{split}.parquet')}: {len(rows)} rows, manifest.json says "
            f"{splits[split]['rows']}; index again",
            DataError,
        )
        return rows

    def photographs(self, split: str, rows: np.ndarray) -> Iterator[Photograph]:
        """Yield the photographs of some rows, in the order given, reading each row group once.

        Args:
            split: name of the split.
            rows: int [n] row numbers, in any order.

        Raises:
            LogpolarError: a row group cannot be read, or its shard changed since it was indexed.
        """
        table = self.rows(split)
        rows = np.asarray(rows, dtype=np.int64)
        groups = table.group[rows]
        data: dict[int, bytes] = {}
        for group in np.unique(groups):
            wanted = rows[groups == group]
            shard, row_group = table.place(int(group))
            images = row_group_images(self._shard(split, shard), row_group)
            for row in wanted.tolist():
                data[row] = images[int(table.row_in_group[row])].as_py()
        for row in rows.tolist():
            yield Photograph(row, table.image_id(row), int(table.label[row]), data[row])

    def groups_of(self, split: str, rows_N: np.ndarray) -> np.ndarray:
        """The row group of each row, int32 [n], numbered in storage order."""
        return self.rows(split).group[rows_N]

    def encoded(self, split: str, group: int, rows: Sequence[int]) -> dict[int, bytes]:
        """The encoded images of some rows of one row group, by row number; reads the group from storage.

        Raises:
            LogpolarError: as `photographs`.
        """
        table = self.rows(split)
        shard, row_group = table.place(group)
        images = read_row_group(self._shard(split, shard), row_group)
        # An image that is null cannot be decoded, and neither can an empty one.
        return {row: images[int(table.row_in_group[row])].as_py() or b"" for row in rows}

    def _shard(self, split: str, name: str) -> Shard:
        """Shards inside the folder are named relative to it, those indexed in place by their own path or URI."""
        absolute = "://" in name or name.startswith("/")
        column = self.manifest.get("columns", {}).get("image", Shard.image)
        return Shard(name if absolute else (self.storage / name).uri, column, self._footers.get((split, name)))

    @cached_property
    def _footers(self) -> dict[tuple[str, str], str]:
        """SHA-256 of the footers of shards, as far as the manifest has them, by split and name."""
        return {
            (split, entry["path"]): footer
            for split, content in self.manifest["splits"].items()
            for entry in content["shards"]
            if (footer := entry.get("footer") or _footer_in(entry["checksum"]))
        }


class SplitRows:
    """The rows of one split as arrays by row number, and its row groups in storage order.

    Attributes:
        label: int64 [n].
        group: int32 [n], number of the row's row group within the split, counted in storage order.
        row_in_group: int32 [n].
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self.label = table["label"].to_numpy()
        self.row_in_group = table["row_in_group"].to_numpy()
        shard = table["shard"].combine_chunks()
        names = shard.dictionary.to_pylist() if len(table) else []
        by_name = np.argsort(np.argsort(np.array(names, dtype=object))) if names else np.zeros(0, np.int64)
        ranked = by_name[shard.indices.to_numpy()] if len(table) else np.zeros(0, np.int64)
        row_group = table["row_group"].to_numpy()
        width = int(row_group.max()) + 1 if len(table) else 1
        keys = ranked.astype(np.int64) * width + row_group
        there = np.bincount(keys, minlength=1) > 0
        self.group = (np.cumsum(there, dtype=np.int32) - 1)[keys]
        ordered = sorted(names)
        self._places = [(ordered[key // width], key % width) for key in np.flatnonzero(there).tolist()]

    def __len__(self) -> int:
        return len(self.label)

    def place(self, group: int) -> tuple[str, int]:
        """Shard path and row group within it of a row group's number."""
        return self._places[group]

    def image_id(self, row: int) -> str:
        """Identity of a row's photograph."""
        return self._table["image_id"][row].as_py()


def _footer_in(checksum: str) -> str | None:
    """The footer's SHA-256, where that is the checksum of a shard; written shards have one of the whole file."""
    return checksum.removeprefix(FOOTER) if checksum.startswith(FOOTER) else None


@lru_cache(maxsize=4)
def _split_rows(storage: Storage, split: str, fingerprint: str) -> SplitRows:
    name = f"rows/{split}.parquet"
    try:
        table = storage.read_table(name, use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{storage.path(name)}: cannot be read ({one_line(error)}); index again") from None
    missing = set(ROW_SCHEMA.names) - set(table.column_names)
    check(not missing, f"{storage.path(name)}: columns missing: {', '.join(sorted(missing))}; index again", DataError)
    if table.schema.field("shard").type != ROW_SCHEMA.field("shard").type:
        table = table.set_column(3, "shard", table["shard"].combine_chunks().dictionary_encode())
    return SplitRows(table)


def limited_rows(count: int, limit: int | None, seed: int) -> np.ndarray:
    """Row numbers kept by `data.limit`: the first `limit` after a seeded shuffle, ascending; int64 [n]."""
    if limit is None or limit >= count:
        return np.arange(count)
    return np.sort(np.random.default_rng([seed, 0x11417]).permutation(count)[:limit])
