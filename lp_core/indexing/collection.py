"""What a layout's reader sees of a collection, and what it hands over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from lp_core.dataset.shards import Columns
from lp_core.indexing.identity.classes import ImageClass
from lp_core.indexing.sources.archive import Members, Region, list_members
from lp_core.indexing.validation_share import ValidationShare
from lp_core.storage import Storage

SPLIT_NAMES = {
    **{"train": "train", "training": "train"},
    **{"val": "validation", "validation": "validation", "valid": "validation"},
    **{"test": "test", "testing": "test"},
}
"""What people call a split -> what it is called here."""

_ARCHIVE_NAME = re.compile(r"ILSVRC20\d\d_img_(?P<split>train|val|test)")
"""Unpacked beside itself, an archive of ImageNet becomes a folder of its name."""

ListArchives = Callable[[Sequence[Region]], Iterable[Members]]


@dataclass(frozen=True)
class Files:
    """The photographs of one split, each of them a run of bytes in some file of the source.

    Attributes:
        names: paths within the split, such as n01440764/n01440764_10026.JPEG.
        labels: int64 [n], -1 where the collection tells no class.
        holders: the file of the source that holds each photograph: itself, or an archive.
        offsets: int64 [n], first byte in the holder.
        sizes: int64 [n], number of bytes.
        ids: image ids where they are known already; else they are made from the names.
        places: where each photograph comes from, for people; made of holders and names if not given.
    """

    names: list[str]
    labels: np.ndarray
    holders: list[str]
    offsets: np.ndarray
    sizes: np.ndarray
    ids: list[str] | None = None
    places: list[str] | None = None

    def where(self, index: int) -> str:
        """The place of a photograph, for people."""
        if self.places is not None:
            return self.places[index]
        holder, name = self.holders[index], self.names[index]
        return holder if holder.endswith(name) else f"{holder}:{name}"


@dataclass(frozen=True)
class Refused:
    """A file that cannot be a row of the data set, and why."""

    split: str
    image_id: str
    where: str
    reason: str


@dataclass(frozen=True)
class Found:
    """A collection as its layout's reader found it: Parquet shards to be used in place, or files to be copied.

    Attributes:
        layout: name of the layout.
        shards: absolute paths or URIs of the Parquet files, by split.
        classes: by class index; empty if the layout does not name them.
        files: photographs by split, where the collection is not Parquet.
        refused: files that were found and are no photographs.
        notes: what a person should know about how the collection was understood.
        held_out: how rows of the training shards become a validation split; None if they do not.
        columns: of the Parquet files.
    """

    layout: str
    shards: dict[str, list[str]]
    classes: list[ImageClass]
    files: dict[str, Files] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    held_out: ValidationShare | None = None
    columns: Columns = field(default_factory=Columns)


@dataclass(frozen=True)
class Source:
    """A folder to be indexed, listed once.

    Args:
        storage: the folder.
        files: size in bytes of every file, by relative path; leftovers of systems left out.
        folders: relative paths.
        list_archives: the members of many archives, in the order given; one after the other by default.
        image_column: of Parquet, where a person says it.
        label_column: of Parquet, where a person says it.
    """

    storage: Storage
    files: dict[str, int]
    folders: list[str]
    list_archives: ListArchives = lambda regions: map(list_members, regions)
    image_column: str | None = None
    label_column: str | None = None

    def region(self, name: str, wanted: tuple[str, ...] = ()) -> Region:
        """All of an archive, and the endings of small members whose content is wanted."""
        return Region((self.storage / name).uri, 0, self.files[name], name, wanted)


def split_of_folder(name: str) -> str | None:
    """The split that a folder is named as, in any case; None if its name is none of a split."""
    match = _ARCHIVE_NAME.fullmatch(name)
    return SPLIT_NAMES.get(match["split"] if match else name.lower())
