"""A folder to be indexed, listed once, and the splits that its folders name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lp_core.indexing.sources.archive import Members, Region, list_members
from lp_core.storage import Storage

SPLIT_NAMES = {
    **{"train": "train", "training": "train"},
    **{"val": "validation", "validation": "validation", "valid": "validation"},
    **{"test": "test", "testing": "test"},
}
"""Name of a folder -> name of the split."""

_ARCHIVE_NAME = re.compile(r"ILSVRC20\d\d_img_(?P<split>train|val|test)")
"""Unpacked beside itself, an archive of ImageNet becomes a folder of its name."""

ListArchives = Callable[[Sequence[Region]], Iterable[Members]]


@dataclass(frozen=True)
class Source:
    """A folder to be indexed, listed once.

    Args:
        storage: the folder.
        files: size in bytes of every file, by relative path; leftovers of systems left out.
        folders: relative paths.
        list_archives: the members of many archives, in the order given; one after the other by default.
        image_column: of Parquet; by default the schema shows it.
        label_column: of Parquet; by default the schema shows it.
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
