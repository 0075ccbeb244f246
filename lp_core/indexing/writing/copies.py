"""Copies of Parquet shards, row for row, each as one shard of the data set folder."""

from __future__ import annotations

from lp_core.indexing.reading.shard_rows import ShardRows
from lp_core.indexing.row_table import row_ids
from lp_core.indexing.writing.plan import PlannedPhotograph, PlannedShard, planned_copy, stored_path


def planned_copies(split: str, shards: list[ShardRows], image: str) -> list[PlannedShard]:
    """The shards that copy a split's Parquet files, each as one shard.

    Args:
        split: its name.
        shards: all its rows.
        image: name of the column of images.
    """
    ids = iter(row_ids(shards))
    planned = []
    for number, shard in enumerate(shards):
        photographs = [
            PlannedPhotograph(
                image_id, stored_path(image_id, path), int(label), shard.path, 0, 0, f"{shard.path}:{row}"
            )
            for row, (path, label, image_id) in enumerate(zip(shard.paths, shard.labels, ids, strict=False))
        ]
        planned.append(planned_copy(split, number, len(shards), shard.as_source(image), photographs))
    return planned
