"""Parquet shards of photographs: in the schema of Hugging Face's image data sets, or with columns of other names."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from lp_core.errors import DataError
from lp_core.patience import patiently
from lp_core.pointers import pointer
from lp_core.storage import Storage, one_line

CACHED_BYTES = 256 * 2**20
"""Encoded images that a process keeps: all of a small data set, a few row groups of a large one."""
ROWS_AT_ONCE = 16
"""Rows that `shard_images` reads at once."""
BYTES_AT_ONCE = 16 * 2**20
"""The same in bytes: fewer rows where images are large. Our choice, about `ROWS_AT_ONCE` large photographs."""
BUFFER_BYTES = 8 * 2**20
"""`shard_images` reads a column in pieces of this size, not whole row groups. Our choice: a request to an object store
costs as much as reading megabytes."""
TAIL_BYTES = 64 * 2**10
"""Read from a shard's end in one request; most footers fit. Source: Arrow's own `kDefaultFooterReadSize`."""
_MAGIC = b"PAR1"


@dataclass(frozen=True)
class Columns:
    """Names of the columns that hold images and labels; the defaults are Hugging Face's."""

    image: str = "image"
    label: str = "label"


@dataclass(frozen=True)
class Shard:
    """A Parquet file of photographs.

    Attributes:
        path: absolute path or URI.
        image: name of the column of images: a struct with `bytes`, or the bytes themselves.
        footer: SHA-256 of the footer when the shard was indexed; None where nobody noted it.
    """

    path: str
    image: str = "image"
    footer: str | None = None


_cache: OrderedDict[tuple[Shard, int], pa.Array] = OrderedDict()


def open_shard(path: str, footer: str | None = None, buffer_bytes: int = 0) -> pq.ParquetFile:
    """Open a shard by absolute path or URI.

    The footer is read once, compared and parsed: comparing costs no further read.

    Args:
        path: of the shard.
        footer: SHA-256 that the footer must have, if it is known.
        buffer_bytes: read columns in pieces of this size; 0 for whole row groups.

    Raises:
        DataError: it is missing, not Parquet, or has another footer.
    """
    storage, name = Storage.of_file(path)

    def opened() -> tuple[pa.NativeFile, bytes]:
        file = storage.filesystem.open_input_file(storage.path(name))
        return file, _tail(file)

    try:
        file, tail = patiently(opened, path)
        metadata = pq.read_metadata(pa.BufferReader(tail))
        if footer is not None and _footer_checksum(tail) != footer:
            raise DataError(f"shard {path}: changed since it was indexed; index the source again")
        return pq.ParquetFile(file, metadata=metadata, buffer_size=buffer_bytes, pre_buffer=buffer_bytes == 0)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"shard {path}: cannot be opened ({one_line(error)})") from None


def footer_checksum(path: str) -> str:
    """SHA-256 of a shard's footer, which names the place and size of every column chunk.

    Raises:
        DataError: the shard cannot be read.
    """
    storage, name = Storage.of_file(path)

    def read() -> bytes:
        with storage.filesystem.open_input_file(storage.path(name)) as file:
            return _tail(file)

    try:
        return _footer_checksum(patiently(read, path))
    except OSError as error:
        raise DataError(f"shard {path}: cannot be opened ({one_line(error)})") from None


def images_leaf(image: pa.DataType, column: str) -> str:
    """The Parquet column that holds the bytes of images: the column itself, or a field of it."""
    return f"{column}.bytes" if pa.types.is_struct(image) else column


def shard_images(shard: Shard) -> Iterator[bytes | None]:
    """Yield the encoded images of a shard in order; None where a row has none.

    A few images and one page of the column are in memory at a time. A page cannot be read in parts; pyarrow writes
    pages of at most 1,024 rows, so a smaller row group is one page.

    Raises:
        LogpolarError: the shard changed since it was indexed, or a row group cannot be read or has no images.
    """
    with open_shard(shard.path, shard.footer, BUFFER_BYTES) as file:
        for group in range(file.num_row_groups):
            yield from group_images(file, shard, group)


def group_images(file: pq.ParquetFile, shard: Shard, group: int) -> Iterator[bytes | None]:
    """Yield the encoded images of one row group of an opened shard, a few at a time."""
    try:
        about = file.metadata.row_group(group)
        bytes_per_row = about.total_byte_size // max(1, about.num_rows)
        rows = max(1, min(ROWS_AT_ONCE, BYTES_AT_ONCE // max(1, bytes_per_row)))
        leaf = images_leaf(file.schema_arrow.field(shard.image).type, shard.image)
        for batch in file.iter_batches(rows, row_groups=[group], columns=[leaf], use_threads=False):
            for image in _bytes_of(batch.column(shard.image)):
                yield image.as_py()
    except (OSError, KeyError, pa.ArrowException) as error:
        raise DataError(f"shard {shard.path}, row group {group}: cannot be read ({one_line(error)})") from None


def row_group_images(shard: Shard, row_group: int) -> pa.Array:
    """The encoded images of one row group, binary [rows], from a cache of this process.

    Raises:
        DataError: as `read_row_group`.
    """
    key = (shard, row_group)
    if key in _cache:
        _cache.move_to_end(key)
        return _cache[key]
    images = _cache[key] = read_row_group(shard, row_group)
    while sum(array.nbytes for array in _cache.values()) > CACHED_BYTES and len(_cache) > 1:
        _cache.popitem(last=False)
    return images


def read_row_group(shard: Shard, row_group: int) -> pa.Array:
    """The encoded images of one row group, binary [rows]; threads may call it at the same time.

    Raises:
        DataError: the shard changed since it was indexed, or the row group cannot be read or has no images.
    """

    def read() -> pa.Array:
        with open_shard(shard.path, shard.footer) as file:
            leaf = images_leaf(file.schema_arrow.field(shard.image).type, shard.image)
            table = file.read_row_group(row_group, columns=[leaf], use_threads=False)
            return _bytes_of(table[shard.image].combine_chunks())

    try:
        return patiently(read, shard.path)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise DataError(f"shard {shard.path}, row group {row_group}: cannot be read ({one_line(error)})") from None


def _bytes_of(images: pa.Array) -> pa.Array:
    """The bytes of a column of images."""
    return images.field("bytes") if pa.types.is_struct(images.type) else images


def _tail(file: pa.NativeFile) -> bytes:
    """The end of a Parquet file, as a Parquet file of its own without data: the footer, its length and the magic."""
    size = file.size()
    tail = file.read_at(min(size, TAIL_BYTES), max(0, size - TAIL_BYTES))
    wanted = int.from_bytes(tail[-8:-4], "little") + 8
    if len(tail) < wanted <= size:
        tail = file.read_at(wanted, size - wanted)
    if what := pointer(tail):
        raise OSError(what)
    return tail if len(tail) == size else _MAGIC + tail


def _footer_checksum(tail: bytes) -> str:
    length = int.from_bytes(tail[-8:-4], "little")
    return hashlib.sha256(tail[-8 - length : -8]).hexdigest()
