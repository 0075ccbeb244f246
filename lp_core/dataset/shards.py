"""Parquet shards of photographs in the schema of Hugging Face's image data sets."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from lp_core.errors import SettingError
from lp_core.patience import patiently
from lp_core.storage import Storage, first_line

CACHED_BYTES = 256 * 2**20
"""Encoded images that a process keeps: all of a small data set, a few row groups of a large one."""

ROWS_AT_ONCE = 16

_cache: OrderedDict[tuple[str, int], pa.Array] = OrderedDict()


def open_shard(path: str) -> pq.ParquetFile:
    """Open a shard by absolute path or URI.

    Raises:
        SettingError: it is missing or not Parquet.
    """
    storage, name = Storage.of_file(path)
    try:
        return patiently(lambda: pq.ParquetFile(storage.filesystem.open_input_file(storage.path(name))), path)
    except (OSError, pa.ArrowException) as error:
        raise SettingError(f"shard {path}: cannot be opened ({first_line(error)})") from None


def shard_images(path: str) -> Iterator[bytes | None]:
    """Yield the encoded images of a shard in order; a few are in memory at a time, however large its row groups are.

    Raises:
        SettingError: a row group cannot be read or has no `image.bytes`.
    """
    with open_shard(path) as shard:
        for group in range(shard.num_row_groups):
            try:
                for batch in shard.iter_batches(
                    ROWS_AT_ONCE, row_groups=[group], columns=["image.bytes"], use_threads=False
                ):
                    yield from batch.column("image").field("bytes").to_pylist()
            except (OSError, KeyError, pa.ArrowException) as error:
                raise SettingError(f"shard {path}, row group {group}: cannot be read ({first_line(error)})") from None


def row_group_images(path: str, row_group: int) -> pa.Array:
    """The encoded images of one row group, binary [rows], from a cache of this process.

    Raises:
        SettingError: the row group cannot be read or has no `image.bytes`.
    """
    key = (path, row_group)
    if key in _cache:
        _cache.move_to_end(key)
        return _cache[key]

    def read() -> pa.Array:
        with open_shard(path) as shard:
            table = shard.read_row_group(row_group, columns=["image.bytes"], use_threads=False)
            return table["image"].combine_chunks().field("bytes")

    try:
        images = patiently(read, path)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise SettingError(f"shard {path}, row group {row_group}: cannot be read ({first_line(error)})") from None
    _cache[key] = images
    while sum(array.nbytes for array in _cache.values()) > CACHED_BYTES and len(_cache) > 1:
        _cache.popitem(last=False)
    return images
