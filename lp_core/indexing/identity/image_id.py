"""One identity for a photograph, whichever layout it came in: the stem of its file where that is unique."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from lp_core.errors import DataError, check

DOUBLED_WNID = re.compile(r"^(?P<base>.+?)_(?P<wnid>n\d{8})$")
"""Hugging Face's ILSVRC/imagenet-1k appends the class: n01440764_10026_n01440764.JPEG."""
_IMAGENET_STEM = re.compile(r"^(n\d{8}_\d+|ILSVRC20\d\d_(train|val|test)_\d{8})$")


def stem(path: str) -> str:
    """Name of a file without folders and ending."""
    return posixpath.splitext(posixpath.basename(path))[0]


def canonical(name: str) -> str:
    """A stem without the class that Hugging Face's copy of ImageNet appends."""
    match = DOUBLED_WNID.match(name)
    return match["base"] if match else name


def is_imagenet_stem(name: str) -> bool:
    """Whether a stem is one that ImageNet gives, which no two of its photographs share."""
    return bool(_IMAGENET_STEM.match(name))


def composed(name: str) -> str:
    """A name in Unicode's composed form (NFC): Linux and macOS write the same letters as different code points."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def image_ids(paths: Sequence[str | None], places: Sequence[str]) -> list[str]:
    """Identity of every photograph of a split.

    The file's stem, without the class that Hugging Face's copy of ImageNet appends. Where stems are missing or not
    unique, those that are ImageNet's own names and unique are kept; the others are the file's path without its ending,
    or, where that is missing or not unique (`cat/1.jpg` and `cat/1.png`), its place. Stems and paths are composed.

    Args:
        paths: names of the files within the split; None where there is none.
        places: shard:row, or the file itself; used last.

    Raises:
        LogpolarError: two photographs have one place, so a shard or archive is there twice.
    """
    named = [path and composed(posixpath.splitext(path.replace("\\", "/"))[0]) for path in paths]
    stems = [path and canonical(posixpath.basename(path)) for path in named]
    unique = {own for own, times in Counter(stems).items() if times == 1 and own}
    if len(unique) == len(stems):
        return [own for own in stems if own]
    unique_paths = {own for own, times in Counter(named).items() if times == 1}
    all_named = None not in named
    ids = []
    for own, path, place in zip(stems, named, places, strict=True):
        if own and own in unique and is_imagenet_stem(own):
            ids.append(own)
        else:
            ids.append(path if path and all_named and path in unique_paths else place)
    repeated = first_repeated(ids)
    check(
        repeated is None,
        f"{repeated} is there twice; is a shard or archive in two folders of the source? Keep one",
        DataError,
    )
    return ids


def first_repeated(values: Iterable[str]) -> str | None:
    """The first value that was there before; None if all differ."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None
