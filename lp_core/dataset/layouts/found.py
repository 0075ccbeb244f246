"""What a layout's reader hands over: shards by split, and classes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageClass:
    """A class: its index is its place in the list; `wnid` is WordNet's number, such as n01440764, where known."""

    name: str
    wnid: str | None = None


@dataclass(frozen=True)
class Found:
    """A collection in the form of Parquet shards.

    Attributes:
        layout: name of the layout.
        shards: absolute paths or URIs of the Parquet files, by split.
        classes: by class index; empty if the layout does not name them.
    """

    layout: str
    shards: dict[str, list[str]]
    classes: list[ImageClass]
