"""Images of Parquet shards as files of images back to back, so that a shuffled copy can read each by itself.

A Parquet column is read a page at a time, and a shuffled row group has rows of hundreds of pages.
"""

from __future__ import annotations

import numpy as np

from lp_core.dataset.shards import Shard, shard_images
from lp_core.indexing.collection import SplitFiles
from lp_core.indexing.reading.shard_rows import ShardRows
from lp_core.indexing.row_table import row_ids
from lp_core.indexing.writing.plan import EXTRACTED, stored_path
from lp_core.storage import Storage


def extracted_name(folder: str, split: str, number: int) -> str:
    """Name of the file of a split's shard `number`, in a folder of the data set folder."""
    return f"{folder}/{split}-{number:05d}{EXTRACTED}"


def extract_images(shard: Shard, out: Storage, name: str) -> list[int]:
    """Write the images of a shard one after the other; return the bytes of each, 0 where a row has none.

    Raises:
        LogpolarError: the shard cannot be read or changed since it was listed, or the file cannot be written.
    """
    sizes: list[int] = []
    with out.writing(name) as file:
        for data in shard_images(shard):
            file.write(data or b"")
            sizes.append(len(data or b""))
    return sizes


def extracted_files(shards: list[ShardRows], names: list[str], sizes: list[list[int]]) -> SplitFiles:
    """A split's extracted images, as any layout's reader would list them.

    Args:
        shards: rows of the split.
        names: the file of each shard's images.
        sizes: what `extract_images` returned of each.
    """
    ids = row_ids(shards)
    paths = [path for shard in shards for path in shard.paths]
    return SplitFiles(
        names=[stored_path(image_id, path) for image_id, path in zip(ids, paths, strict=True)],
        labels=np.concatenate([shard.labels for shard in shards]),
        holders=[name for name, of_shard in zip(names, sizes, strict=True) for _ in of_shard],
        offsets=np.concatenate([np.cumsum([0, *of_shard], dtype=np.int64)[:-1] for of_shard in sizes]),
        sizes=np.concatenate([np.array(of_shard, np.int64) for of_shard in sizes]),
        places=[f"{shard.path}:{row}" for shard in shards for row in range(len(shard.labels))],
    )
