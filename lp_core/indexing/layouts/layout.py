"""What a layout is: a form in which people have image collections."""

from __future__ import annotations

from typing import Protocol

from lp_core.indexing.collection import Collection
from lp_core.indexing.sources.source import Source


class Layout(Protocol):
    """A module that recognises one layout and lists a collection in it; `LAYOUTS` registers it by name.

    A layout reads names, sizes, archives' headers and small lists of classes, never the images. It does not write.

    Attributes:
        EXAMPLE: names of files by which people know the layout, for the message that none was recognised.
    """

    EXAMPLE: str

    def recognise(self, source: Source) -> bool:
        """Whether the names of files and folders show this layout; nothing is opened, nothing is raised."""
        ...

    def find(self, source: Source) -> Collection:
        """List the collection.

        Returns:
            Either `shards`, Parquet files to be indexed in place, or `files`, photographs to be written as shards: at
            least one split of `train`, `validation` and `test`. A label is an index into `classes`, or -1 in a split
            without classes. Every file that looks like part of the collection and is no photograph of it is in
            `quarantined`, with the reason; leftovers of systems are in neither.

        Raises:
            LogpolarError: the source has nothing in this layout, or something that a person must repair: what is
                missing or damaged, where, and what to do.
        """
        ...
