"""The table of a split's rows, numbered by ascending image id: `rows/<split>.parquet`."""

from __future__ import annotations

import posixpath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lp_core.dataset.folder import ROW_SCHEMA
from lp_core.indexing.collection import Quarantined
from lp_core.indexing.identity.image_id import image_ids
from lp_core.indexing.reading.shard_rows import ShardRows
from lp_core.storage import Storage


def numbered_rows(split: str, shards: list[ShardRows], out: Storage) -> tuple[pa.Table, list[Quarantined]]:
    """The table of a split's rows by ascending image id, and its rows that are left out.

    Args:
        split: its name.
        shards: all its rows.
        out: the data set folder; shards inside it are named relative to it.
    """
    ids = row_ids(shards)
    names = [path_within(shard.path, out) for shard in shards]
    shard_index = np.repeat(np.arange(len(shards)), [len(shard.labels) for shard in shards])
    group = [np.repeat(np.arange(len(shard.group_rows)), np.array(shard.group_rows, np.int64)) for shard in shards]
    in_group = [np.arange(rows) for shard in shards for rows in shard.group_rows]
    table = pa.table(
        {
            "image_id": ids,
            "label": np.concatenate([shard.labels for shard in shards]),
            "shard": pa.DictionaryArray.from_arrays(pa.array(shard_index.astype(np.int32)), names),
            "row_group": np.concatenate(group).astype(np.int32),
            "row_in_group": np.concatenate(in_group or [np.zeros(0, np.int64)]).astype(np.int32),
        }
    )
    used = np.concatenate([shard.used for shard in shards] or [np.ones(0, bool)])
    if not used.all():
        table = table.filter(pa.array(used))
    ordered = table.take(pc.sort_indices(table, [("image_id", "ascending")]))
    numbered = ordered.add_column(0, "row", pa.array(np.arange(len(ordered)))).cast(ROW_SCHEMA)
    return numbered, _left_out(split, shards, ids, names)


def write_row_table(out: Storage, split: str, rows: pa.Table) -> None:
    """Write `rows/<split>.parquet`."""
    out.write_table(f"rows/{split}.parquet", rows, compression="zstd")


def row_ids(shards: list[ShardRows]) -> list[str]:
    """Identity of every row of a split's shards, one after the other.

    Raises:
        LogpolarError: two shards have one name.
    """
    ids = [image_id for shard in shards for image_id in shard.ids or []]
    paths = [path for shard in shards for path in shard.paths]
    places = [f"{posixpath.basename(shard.path)}:{row}" for shard in shards for row in range(len(shard.paths))]
    return ids or image_ids(paths, places)


def path_within(path: str, out: Storage) -> str:
    """A shard's path relative to the data set folder where it lies in it; else as it is."""
    inside, _, options = out.uri.partition("?") if "://" in out.uri else (out.uri, "", "")
    file, _, same = path.partition("?") if "://" in path else (path, "", "")
    inside = inside.rstrip("/") + "/"
    return file.removeprefix(inside) if file.startswith(inside) and options == same else path


def _left_out(split: str, shards: list[ShardRows], ids: list[str], names: list[str]) -> list[Quarantined]:
    quarantined = []
    first = 0
    for shard, name in zip(shards, names, strict=True):
        for row, reason in sorted(shard.quarantined.items()):
            if shard.in_other_split is None or not shard.in_other_split[row]:
                quarantined.append(Quarantined(split, ids[first + row], f"{name}:{row}", reason))
        first += len(shard.labels)
    return quarantined
