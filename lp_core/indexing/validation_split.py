"""A collection with a validation split taken from training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lp_core.errors import SettingError, check
from lp_core.indexing.collection import Files, Found
from lp_core.indexing.identity.classes import canonical, composed, image_ids, is_imagenet_stem, stem
from lp_core.indexing.validation_share import ValidationShare


def hold_out(found: Found, share: ValidationShare) -> Found:
    """The collection with a validation split.

    Files are assigned now. Rows of Parquet shards are assigned when the manifest is written: it then names rows of the
    same shards in both splits.

    Raises:
        SettingError: it has a validation split already, or none for training.
    """
    splits = list(found.files or found.shards)
    if "validation" in splits:
        raise SettingError("--validation-share: the collection has a validation split; leave the option out")
    check(
        "train" in splits,
        f"--validation-share: the collection has no training split to take it from, only {', '.join(splits)}",
    )
    if not found.files:
        return replace(found, held_out=share)
    train = found.files["train"]
    places = range(len(train.names))
    # The ids that all have together: two photographs of the two splits do not share one.
    ids = image_ids(train.names, [train.where(index) for index in places])
    taken = share.taken([_stable_name(train, index) for index in places], train.labels)
    parts = {"train": _some(train, ids, ~taken), "validation": _some(train, ids, taken)}
    return replace(found, files={**found.files, **parts})


def _stable_name(files: Files, index: int) -> str:
    """A photograph's name that no other file changes: an image id may become a path when another file has its stem."""
    name, where = files.names[index], files.where(index)
    own = canonical(stem(name))
    if is_imagenet_stem(own):
        return own
    path = name if where == files.holders[index] else where
    return composed(path.rpartition(".")[0])


def _some(files: Files, ids: list[str], chosen: np.ndarray) -> Files:
    indices = np.flatnonzero(chosen)
    names, holders, kept = (
        [values[index] for index in indices.tolist()] for values in (files.names, files.holders, ids)
    )
    return Files(names, files.labels[indices], holders, files.offsets[indices], files.sizes[indices], ids=kept)
