"""A collection: what a layout found in a source, and what is left out of it, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lp_core.dataset.shards import Columns
from lp_core.indexing.identity.classes import ImageClass
from lp_core.indexing.validation_share import ValidationShare


@dataclass(frozen=True)
class SplitFiles:
    """The photographs of one split, each of them a run of bytes in some file of the source.

    Attributes:
        names: paths within the split, such as n01440764/n01440764_10026.JPEG.
        labels: int64 [n], -1 where the collection has no class.
        holders: the file of the source that holds each photograph: itself, or an archive.
        offsets: int64 [n], first byte in the holder.
        sizes: int64 [n], number of bytes.
        ids: image ids where they are known already; else they are made from the names.
        places: where each photograph comes from, for messages; made of holders and names if not given.
    """

    names: list[str]
    labels: np.ndarray
    holders: list[str]
    offsets: np.ndarray
    sizes: np.ndarray
    ids: list[str] | None = None
    places: list[str] | None = None

    def where(self, index: int) -> str:
        """The place of a photograph, for messages."""
        if self.places is not None:
            return self.places[index]
        holder, name = self.holders[index], self.names[index]
        return holder if holder.endswith(name) else f"{holder}:{name}"


@dataclass(frozen=True)
class Quarantined:
    """A file that cannot be a row of the data set, and why."""

    split: str
    image_id: str
    where: str
    reason: str


@dataclass(frozen=True)
class Collection:
    """A collection as its layout lists it: Parquet shards to be used in place, or files to be copied.

    Attributes:
        layout: name of the layout.
        shards: absolute paths or URIs of the Parquet files, by split.
        classes: by class index; empty if the layout does not name them.
        files: photographs by split, where the collection is not Parquet.
        quarantined: files that are left out, with their reasons.
        notes: lines for the user about how the collection was understood.
        validation_share: how rows of the training shards become a validation split; None if they do not.
        columns: of the Parquet files.
    """

    layout: str
    shards: dict[str, list[str]]
    classes: list[ImageClass]
    files: dict[str, SplitFiles] = field(default_factory=dict)
    quarantined: list[Quarantined] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    validation_share: ValidationShare | None = None
    columns: Columns = field(default_factory=Columns)
