"""Settings of making a data set folder."""

from __future__ import annotations

from dataclasses import dataclass

from lp_core.indexing.layouts import LayoutName
from lp_core.indexing.validation_share import ValidationShare
from lp_core.indexing.writing.stored_form import StoredForm


@dataclass(frozen=True, kw_only=True)
class CollectionSettings:
    """How a collection is read.

    Args:
        layout: form of the collection, where its files do not show it.
        image_column: Parquet's column of images; `image`, or the only one that can be, if not given.
        label_column: Parquet's column of class numbers; `label`, or the only one with class names, if not given.
        max_quarantined: share of the files found that may be unusable; they are listed in manifest.json.
        validation_share: share of every class to become the validation split, where the collection has none (0.1, say).
            A photograph's name and the seed decide, so it stays in its split when files are added.
    """

    layout: LayoutName | None = None
    image_column: str | None = None
    label_column: str | None = None
    max_quarantined: float = 0.01
    validation_share: float | None = None


@dataclass(frozen=True, kw_only=True)
class StorageSettings:
    """How its photographs are stored.

    Args:
        check: decode every image now, rather than read its header; for Parquet, rather than nothing.
        shuffle: copy Parquet in random order, for shards stored by class or with large row groups; needs twice its
            space while it runs. Other collections are always shuffled.
        max_side: make larger images smaller until their longer side has so many px (JPEG quality 92).
        short_side: the same for the shorter side.
        seed: of the order in which rows are stored, and of what the validation share takes.
    """

    check: bool = False
    shuffle: bool = False
    max_side: int | None = None
    short_side: int | None = None
    seed: int = 0

    @property
    def form(self) -> StoredForm:
        """The form in which photographs are stored.

        Raises:
            LogpolarError: both sides are given, or a side is too small.
        """
        return StoredForm(self.max_side, self.short_side, self.check)


def validation_share_of(collection: CollectionSettings, seed: int) -> ValidationShare | None:
    """The share to be taken from training; None where none is asked for.

    Raises:
        LogpolarError: it is out of range.
    """
    return None if collection.validation_share is None else ValidationShare(collection.validation_share, seed)
