"""A collection with a validation split taken from training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lp_core.errors import SettingError, check
from lp_core.indexing.collection import Collection, SplitFiles
from lp_core.indexing.identity.image_id import canonical, composed, image_ids, is_imagenet_stem, stem
from lp_core.indexing.reading.shard_rows import ShardRows
from lp_core.indexing.row_table import row_ids
from lp_core.indexing.validation_share import ValidationShare


def with_validation_split(collection: Collection, share: ValidationShare) -> Collection:
    """The collection with a validation split.

    Files are assigned now. Rows of Parquet shards are assigned when the manifest is written: it then names rows of the
    same shards in both splits.

    Raises:
        LogpolarError: it has a validation split already, or none for training.
    """
    splits = list(collection.files or collection.shards)
    if "validation" in splits:
        raise SettingError("validation-share: the collection has a validation split; leave the setting out")
    check(
        "train" in splits,
        f"validation-share: the collection has no training split to take it from, only {', '.join(splits)}",
    )
    if not collection.files:
        return replace(collection, validation_share=share)
    train = collection.files["train"]
    places = range(len(train.names))
    # The ids that all have together: two photographs of the two splits do not share one.
    ids = image_ids(train.names, [train.where(index) for index in places])
    taken = share.taken([_stable_name(train, index) for index in places], train.labels)
    parts = {"train": _some(train, ids, ~taken), "validation": _some(train, ids, taken)}
    return replace(collection, files={**collection.files, **parts})


def rows_with_validation_split(
    shards: dict[str, list[ShardRows]], share: ValidationShare
) -> dict[str, list[ShardRows]]:
    """The same shards for training and validation, each with rows of its own."""
    train = shards["train"]
    taken = share.taken(row_ids(train), np.concatenate([shard.labels for shard in train]))
    parts = list(zip(train, np.split(taken, np.cumsum([len(shard.labels) for shard in train])[:-1]), strict=True))
    return {
        **shards,
        "train": [replace(shard, in_other_split=chosen) for shard, chosen in parts],
        "validation": [replace(shard, in_other_split=~chosen) for shard, chosen in parts],
    }


def _stable_name(files: SplitFiles, index: int) -> str:
    """A photograph's name that no other file changes: an image id may become a path when another file has its stem."""
    name, where = files.names[index], files.where(index)
    own = canonical(stem(name))
    if is_imagenet_stem(own):
        return own
    path = name if where == files.holders[index] else where
    return composed(path.rpartition(".")[0])


def _some(files: SplitFiles, ids: list[str], chosen: np.ndarray) -> SplitFiles:
    indices = np.flatnonzero(chosen)
    names, holders, kept = (
        [values[index] for index in indices.tolist()] for values in (files.names, files.holders, ids)
    )
    return SplitFiles(names, files.labels[indices], holders, files.offsets[indices], files.sizes[indices], ids=kept)
