"""The rows of one shard as indexing sees them: identities and labels, and what is wrong, without the images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lp_core.dataset.folder import FOOTER
from lp_core.dataset.shards import Columns, Shard, footer_checksum, group_images, images_leaf, open_shard
from lp_core.errors import DataError, check
from lp_core.indexing.collection import Quarantined
from lp_core.indexing.reading.columns import check_columns, class_names
from lp_core.storage import one_line

MAX_GROUP_BYTES = 2**31 - 1
"""Most bytes of a row group's images: Arrow counts a column's bytes in 32 bits, and a larger group cannot be read."""
USUAL = Columns()
"""Hugging Face's names of columns."""
FEW_BYTES = 32
"""Per row: less than any image file has (a GIF of one pixel, 35), so the rows may hold none."""


@dataclass(frozen=True)
class ShardRows:
    """Identity and label of every row of one shard, without its images.

    Attributes:
        path: absolute path or URI.
        paths: the rows' `image.path`, None where the collection has none.
        labels: int64 [n].
        group_rows: number of rows of each row group.
        checksum: of the file, or of its Parquet footer, which names the place and size of every column chunk.
        ids: image ids where they are known already; else they are made from the paths.
        quarantined: reason by row of the shard, for rows that are left out.
        footer: SHA-256 of the footer, where `checksum` is of the file.
        class_names: by label, where the shard names the classes.
        largest_group: bytes of the images of its largest row group.
        in_other_split: bool [n], rows that belong to another split; None if there are none.
    """

    path: str
    paths: list[str | None]
    labels: np.ndarray
    group_rows: list[int]
    checksum: str
    ids: list[str] | None = None
    quarantined: dict[int, str] = field(default_factory=dict)
    footer: str | None = None
    class_names: list[str] | None = None
    largest_group: int = 0
    in_other_split: np.ndarray | None = None

    @property
    def used(self) -> np.ndarray:
        """Rows that the split has; bool [n]."""
        used = np.ones(len(self.labels), bool) if self.in_other_split is None else ~self.in_other_split
        used[list(self.quarantined)] = False
        return used

    def as_source(self, image: str) -> Shard:
        """The shard, indexed in place, as its readers want it; `image` names its column of images."""
        return Shard(self.path, image, self.checksum.removeprefix(FOOTER))


def read_shard_rows(path: str, columns: Columns = USUAL, any_size: bool = False) -> ShardRows:
    """Read what identifies the rows of a shard; the images stay on disk.

    Args:
        path: absolute path or URI.
        columns: names of the columns of images and labels.
        any_size: take row groups that are too large to be read at once: they are to be copied.

    Raises:
        LogpolarError: the shard, or a row group of it, cannot be read, its columns are others, or it holds no images.
    """
    footer = footer_checksum(path)
    with open_shard(path, footer) as file:
        check_columns(path, file.schema_arrow, columns)
        groups = [_read_group(file, path, columns, group, any_size) for group in range(file.num_row_groups)]
        names = class_names(file.schema_arrow, columns.label)
    quarantined: dict[int, str] = {}
    first = 0
    for group in groups:
        quarantined |= {first + row: "no image bytes, only a path" for row in group.empty}
        first += len(group.labels)
    return ShardRows(
        path,
        [name for group in groups for name in group.paths],
        np.concatenate([group.labels for group in groups] or [np.zeros(0, np.int64)]),
        [len(group.labels) for group in groups],
        FOOTER + footer,
        quarantined=quarantined,
        class_names=names,
        largest_group=max((group.image_bytes for group in groups), default=0),
    )


@dataclass(frozen=True)
class _Group:
    """The rows of one row group: labels int64 [n], `image.path` of each, rows without image bytes, bytes of images."""

    labels: np.ndarray
    paths: list[str | None]
    empty: list[int]
    image_bytes: int


def _read_group(file: pq.ParquetFile, path: str, columns: Columns, group: int, any_size: bool) -> _Group:
    where = f"shard {path}, row group {group}"
    image = file.schema_arrow.field(columns.image).type
    has_path = pa.types.is_struct(image) and image.get_field_index("path") >= 0
    try:
        columns_read = [columns.label, *([f"{columns.image}.path"] if has_path else [])]
        table = file.read_row_group(group, columns=columns_read)
        labels = table[columns.label].combine_chunks().cast(pa.int64())
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{where}: cannot be read ({one_line(error)})") from None
    check(labels.null_count == 0, f"{where}: a label is missing", DataError)
    paths = table[columns.image].combine_chunks().field("path").to_pylist() if has_path else [None] * len(labels)
    chunk = _chunk(file.metadata.row_group(group), images_leaf(image, columns.image))
    image_bytes = chunk.total_uncompressed_size
    check(any_size or image_bytes <= MAX_GROUP_BYTES, _too_large(where, image_bytes), DataError)
    empty = list(_rows_without_bytes(file, Shard(path, columns.image), group, chunk))
    check(not empty or len(empty) < len(labels), _only_paths(where, columns.image, paths), DataError)
    return _Group(labels.to_numpy(), paths, empty, image_bytes)


def agreed_class_names(shards: list[ShardRows]) -> list[str] | None:
    """The names of classes that the shards state; None if they state none.

    Raises:
        LogpolarError: two shards call a label by different names.
    """
    named = [(shard.path, shard.class_names) for shard in shards if shard.class_names]
    if not named:
        return None
    first_path, first = named[0]
    for path, names in named[1:]:
        for label, (first_name, name) in enumerate(zip_longest(first, names)):
            check(
                first_name == name,
                f"shard {path}: label {label} is {_quoted(name)}, in {first_path} it is {_quoted(first_name)}; a label "
                "must mean the same in every shard: renumber one of them, or index them apart",
                DataError,
            )
    return first


def quarantined_rows(split: str, shards: list[ShardRows]) -> list[Quarantined]:
    """The rows of a split that are left out."""
    return [
        Quarantined(split, "", f"{shard.path}:{row}", reason)
        for shard in shards
        for row, reason in shard.quarantined.items()
    ]


def _quoted(name: str | None) -> str:
    return "no class" if name is None else f"'{name}'"


def _chunk(group: pq.RowGroupMetaData, leaf: str) -> pq.ColumnChunkMetaData:
    """The footer's entry of a row group's image bytes."""
    chunks = (group.column(number) for number in range(group.num_columns))
    return next(chunk for chunk in chunks if chunk.path_in_schema == leaf)


def _rows_without_bytes(file: pq.ParquetFile, shard: Shard, group: int, chunk: pq.ColumnChunkMetaData) -> Iterator[int]:
    """Yield the rows of a row group that hold no bytes; the images are read only if the footer leaves it open."""
    statistics = chunk.statistics
    counted = statistics is not None and statistics.has_null_count
    if (counted and statistics.null_count == 0) or (
        not counted and chunk.total_uncompressed_size >= FEW_BYTES * chunk.num_values
    ):
        return
    for row, data in enumerate(group_images(file, shard, group)):
        if data is None:
            yield row


def _too_large(here: str, size: int) -> str:
    return (
        f"{here}: {size / 2**30:.1f} GiB of images are more than the 2 GiB that can be read at once; "
        "set shuffle, which copies Parquet into small row groups"
    )


def _only_paths(here: str, column: str, paths: list[str | None]) -> str:
    path = next((path for path in paths if path), None)
    what = f"holds only paths ('{path}'), no image bytes" if path else "holds no image bytes"
    return f"{here}: '{column}' {what}; index the folder that holds the image files, or write it with the bytes"
