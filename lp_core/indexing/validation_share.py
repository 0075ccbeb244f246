"""A validation split for collections that have none: some of every class, taken by a hash of each photograph's name.

Whether a photograph is taken depends on its name and the seed alone, not on the others, so it stays on its side when
files are added or removed. The one exception are small classes: where chance leaves a side without any photograph of a
class, the photograph nearest to the threshold changes sides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lp_core.errors import SettingError, check
from lp_core.indexing.identity import canonical, composed, image_ids, is_imagenet_stem, stem
from lp_core.indexing.layouts.found import Files, Found
from lp_core.indexing.manifest import ShardRows, shard_ids


@dataclass(frozen=True)
class ValidationShare:
    """How a validation split is taken from training.

    Args:
        share: fraction of the photographs to expect in it, above 0 and below 1.
        seed: another one takes other photographs.

    Raises:
        SettingError: the share is out of range.
    """

    share: float
    seed: int = 0

    def __post_init__(self) -> None:
        check(0 < self.share < 1, f"--validation-share {self.share:g} is not above 0 and below 1; 0.1 is a good start")

    def of_files(self, found: Found) -> Found:
        """The collection with a validation split.

        Raises:
            SettingError: it has one already, or none for training.
        """
        self._check_splits(list(found.files))
        train = found.files["train"]
        keys = [_stable_name(train, index) for index in range(len(train.names))]
        taken = self.taken(keys, train.labels)
        ids = image_ids(train.names, [train.where(index) for index in range(len(train.names))])
        parts = {
            split: _some(train, ids, np.flatnonzero(chosen))
            for split, chosen in (("train", ~taken), ("validation", taken))
        }
        return replace(
            found, files={**parts, **{split: files for split, files in found.files.items() if split != "train"}}
        )

    def of_shards(self, shards: dict[str, list[ShardRows]]) -> dict[str, list[ShardRows]]:
        """The rows of Parquet shards with a validation split: both splits name the same shards, and rows of their own.

        Raises:
            SettingError: they have one already, or none for training.
        """
        self._check_splits(list(shards))
        train = shards["train"]
        taken = self.taken(shard_ids(train), np.concatenate([shard.labels for shard in train]))
        bounds = np.cumsum([len(shard.labels) for shard in train])[:-1]
        parts = list(zip(train, np.split(taken, bounds), strict=True))
        return {
            **shards,
            "train": [replace(shard, elsewhere=chosen) for shard, chosen in parts],
            "validation": [replace(shard, elsewhere=~chosen) for shard, chosen in parts],
        }

    def taken(self, keys: Sequence[str], labels: np.ndarray) -> np.ndarray:
        """Which photographs the validation split gets; bool [n].

        Every class with two photographs or more has at least one on each side; a class's only photograph stays in
        training.

        Args:
            keys: name of every photograph; those with one name go to one side.
            labels: int [n].

        Raises:
            SettingError: no class has two photographs with different names.
        """
        drawn_N = np.array([_drawn(key, self.seed) for key in keys], np.float64)
        classes, class_N = np.unique(labels, return_inverse=True)
        lowest, highest = np.full(len(classes), 1.0), np.full(len(classes), 0.0)
        np.minimum.at(lowest, class_N, drawn_N)
        np.maximum.at(highest, class_N, drawn_N)
        # The lowest of a class is always taken and the highest never, which only matters where chance favours one side.
        taken_N = ((drawn_N < self.share) | (drawn_N == lowest[class_N])) & (drawn_N != highest[class_N])
        check(bool(taken_N.any()), "--validation-share: no class has two photographs, so there is none to take")
        return taken_N

    def _check_splits(self, splits: list[str]) -> None:
        if "validation" in splits:
            raise SettingError("--validation-share: the collection has a validation split; leave the option out")
        check(
            "train" in splits,
            f"--validation-share: the collection has no training split to take it from, only {', '.join(splits)}",
        )


def _drawn(key: str, seed: int) -> float:
    """A number in [0, 1) that depends on the key and the seed alone."""
    digest = hashlib.sha256(f"{seed}\n{key}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _stable_name(files: Files, index: int) -> str:
    """A photograph's name that no other file changes: an image id may become a path when another file has its stem."""
    name, where = files.names[index], files.where(index)
    own = canonical(stem(name))
    if is_imagenet_stem(own):
        return own
    path = name if where == files.holders[index] else where
    return composed(path.rpartition(".")[0])


def _some(files: Files, ids: list[str], indices: np.ndarray) -> Files:
    chosen = indices.tolist()
    names, holders, kept = ([values[index] for index in chosen] for values in (files.names, files.holders, ids))
    return Files(names, files.labels[indices], holders, files.offsets[indices], files.sizes[indices], kept)
