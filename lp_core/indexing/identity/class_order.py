"""Which class folder gets which index: whole numbers by value, all other names as text."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from lp_core.errors import DataError
from lp_core.indexing.identity.imagenet import IMAGENET_CLASSES


def ordered_classes(folders: Iterable[str]) -> list[str]:
    """Class folders in the order of their indices.

    Raises:
        DataError: all are whole numbers, and two are the same number (1 and 01).
    """
    names = sorted(folders)
    if not _are_numbers(names):
        return names
    names.sort(key=int)
    for name, next_name in pairwise(names):
        if int(name) == int(next_name):
            raise DataError(f"class folders {name} and {next_name} are the same number; join or rename them")
    return names


def numbering_note(classes: list[str]) -> str | None:
    """A note about numbered class folders whose numbers are not their indices; None if they are."""
    moved = [(name, index) for index, name in enumerate(classes) if int(name) != index] if _are_numbers(classes) else []
    if not moved:
        return None
    name, index = moved[0]
    return (
        f"class folders are numbered {classes[0]} to {classes[-1]}, {len(classes)} in all: classes are counted from 0 "
        f"in this order, so folder {name} is class {index}"
    )


def is_imagenet_numbering(classes: list[str]) -> bool:
    """Whether class folders are numbered 0 to 999, as ImageNetV2's are."""
    numbers = [int(name) for name in classes] if _are_numbers(classes) else []
    return numbers == list(range(IMAGENET_CLASSES))


def _are_numbers(names: list[str]) -> bool:
    return bool(names) and all(name.isascii() and name.isdigit() for name in names)
