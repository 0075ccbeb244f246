"""Which photograph is stored where: decided from the listing alone, before anything is read.

Rows are numbered by image id, but stored shuffled: neighbours in a shard are of many classes, so that a training batch,
which reads few row groups, is a fair sample. The order depends on the ids and the seed, not on the layout.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lp_core.dataset.folder import SPLITS
from lp_core.dataset.shards import Shard
from lp_core.fingerprint import fingerprint
from lp_core.indexing.collection import SplitFiles
from lp_core.indexing.identity.image_id import image_ids

GROUP_ROWS = 256
"""Most rows of a row group: about 28 MB of ImageNet."""
GROUP_BYTES = 64 * 2**20
"""Most bytes of a row group's images, unless one image alone has more. Our choice."""
EXTRACTED = ".images"
"""Ending of files of images back to back, extracted from Parquet."""
HOLDS_MANY = (".tar", EXTRACTED)
"""Endings of files that hold many photographs, each a run of bytes."""
SHARD_GROUPS = 4
"""Row groups of a shard, the piece of work that is repeated after a kill: about 110 MB of ImageNet."""


@dataclass(frozen=True)
class PlannedPhotograph:
    """One photograph to be stored: what it is, and the bytes of the source that hold it."""

    image_id: str
    path: str
    label: int
    holder: str
    offset: int
    size: int
    where: str
    """For messages: the file, or archive:member."""


@dataclass(frozen=True)
class PlannedShard:
    """One shard to be written.

    Attributes:
        split: its split.
        name: its file's name in the data set folder.
        groups: its photographs by row group.
        shard: the Parquet file that holds them, all its rows in their order; None where they lie in files or archives.
    """

    split: str
    name: str
    groups: list[list[PlannedPhotograph]]
    shard: Shard | None = None

    @property
    def photographs(self) -> list[PlannedPhotograph]:
        """All its photographs, in the order in which they are stored."""
        return [photograph for group in self.groups for photograph in group]


class Plan:
    """The shards of one split.

    Args:
        split: its name.
        files: its photographs.
        seed: of the order in which they are stored.
    """

    def __init__(self, split: str, files: SplitFiles, seed: int) -> None:
        self.split, self._files = split, files
        places = [files.where(index) for index in range(len(files.names))]
        self._ids = files.ids or image_ids(files.names, places)
        by_id = pc.sort_indices(pa.array(self._ids, pa.string())).to_numpy()
        self._order = by_id[np.random.default_rng([seed, SPLITS.index(split)]).permutation(len(by_id))]
        self._bounds = _group_bounds(files.sizes[self._order])

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def fingerprint(self) -> str:
        """Changes when any photograph, its label, its length or its place in the shards does."""
        digest = hashlib.sha256("\n".join(self._ids[index] for index in self._order.tolist()).encode())
        for column in (self._files.labels, self._files.sizes):
            digest.update(np.ascontiguousarray(column[self._order]).tobytes())
        return fingerprint([self.split, digest.hexdigest(), self._bounds])

    def shards(self) -> Iterator[PlannedShard]:
        """Yield the shards in order, each made when it is asked for."""
        groups = len(self._bounds) - 1
        count = -(-groups // SHARD_GROUPS)
        for number in range(count):
            numbers = range(number * SHARD_GROUPS, min(groups, (number + 1) * SHARD_GROUPS))
            yield PlannedShard(
                self.split, _shard_name(self.split, number, count), [self._group(group) for group in numbers]
            )

    def _group(self, group: int) -> list[PlannedPhotograph]:
        rows = self._order[self._bounds[group] : self._bounds[group + 1]].tolist()
        return [self._photograph(row) for row in rows]

    def _photograph(self, row: int) -> PlannedPhotograph:
        files, image_id = self._files, self._ids[row]
        path = stored_path(image_id, files.names[row])
        label, offset, size = int(files.labels[row]), int(files.offsets[row]), int(files.sizes[row])
        return PlannedPhotograph(image_id, path, label, files.holders[row], offset, size, files.where(row))


def stored_path(image_id: str, name: str | None) -> str:
    """`image.path` of a photograph: its identity, from which it is read again, with the ending of its file."""
    ending = posixpath.splitext(name)[1] if name else ".jpg"
    return image_id if image_id.endswith(ending) else image_id + ending


def planned_copy(
    split: str, number: int, count: int, shard: Shard, photographs: list[PlannedPhotograph]
) -> PlannedShard:
    """The shard `number` of `count` that copies a Parquet file, row for row."""
    groups = [photographs[start : start + GROUP_ROWS] for start in range(0, len(photographs), GROUP_ROWS)]
    return PlannedShard(split, _shard_name(split, number, count), groups, shard)


def _shard_name(split: str, number: int, count: int) -> str:
    return f"data/{split}-{number:05d}-of-{count:05d}.parquet"


def _group_bounds(sizes: np.ndarray) -> list[int]:
    """First row of every row group, and the number of rows."""
    bounds, filled = [0], 0
    for row, size in enumerate(sizes.tolist()):
        if row > bounds[-1] and (row - bounds[-1] == GROUP_ROWS or filled + size > GROUP_BYTES):
            bounds.append(row)
            filled = 0
        filled += size
    return [*bounds, len(sizes)] if len(sizes) else [0]
