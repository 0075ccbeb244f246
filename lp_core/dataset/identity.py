"""One identity for a photograph, whichever layout it came in, and one name for its class."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lp_core.config import check

WNID = re.compile(r"n\d{8}")
"""WordNet's number of a noun, as ImageNet names classes."""
_DOUBLED_WNID = re.compile(r"^(?P<base>.+?)_(?P<wnid>n\d{8})$")
"""Hugging Face's ILSVRC/imagenet-1k appends the class: n01440764_10026_n01440764.JPEG."""
_TRAIN_STEM = re.compile(r"^(?P<wnid>n\d{8})_\d+$")
_IMAGENET = ("n01440764", "n15075141", 1000)
"""First and last wnid of the 1,000 classes in sorted order, and how many they are."""


@dataclass(frozen=True)
class ImageClass:
    """A class: its index is its place in the list; `wnid` is WordNet's number, such as n01440764, where known."""

    name: str
    wnid: str | None = None


def stem(path: str) -> str:
    """Name of a file without folders and ending."""
    return posixpath.splitext(posixpath.basename(path))[0]


def canonical(name: str) -> str:
    """A stem without the class that Hugging Face's copy of ImageNet appends."""
    match = _DOUBLED_WNID.match(name)
    return match["base"] if match else name


def image_ids(paths: Sequence[str | None], places: Sequence[str]) -> list[str]:
    """Identity of every photograph of a split.

    The file's stem, without the class that Hugging Face's copy of ImageNet appends; where stems are missing or not
    unique, the file's path without its ending; where that is not unique either, its place.

    Args:
        paths: names of the files within the split; None where there is none.
        places: shard:row, or the file itself; used last.

    Raises:
        SettingError: two photographs have one place, so a shard or archive is there twice.
    """
    if None not in paths:
        named = [posixpath.splitext(str(path).replace("\\", "/"))[0] for path in paths]
        for candidates in ([canonical(posixpath.basename(name)) for name in named], named):
            if len(set(candidates)) == len(candidates):
                return candidates
    twice = first_repeated(places)
    check(twice is None, f"{twice} is there twice; is a shard or archive in two folders of the source? Keep one")
    return list(places)


def first_repeated(values: Iterable[str]) -> str | None:
    """The first value that was there before; None if all differ."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def wnids_by_label(paths: Iterable[str | None], labels: np.ndarray) -> dict[int, str]:
    """Class index -> wnid, as far as the file names carry it: at their end, else at the start of training names."""
    doubled: dict[int, str] = {}
    leading: dict[int, str] = {}
    for path, label in zip(paths, labels.tolist(), strict=True):
        name = stem(path or "")
        if label < 0:
            continue
        if match := _DOUBLED_WNID.match(name):
            doubled[label] = match["wnid"]
        elif match := _TRAIN_STEM.match(name):
            leading[label] = match["wnid"]
    return leading | doubled


def classes_of(wnids: Sequence[str], names: dict[str, str] | None = None) -> list[ImageClass]:
    """Classes from folder names in sorted order, with the layout's names where it has them, else torchvision's."""
    if names is None and (wnids[0], wnids[-1], len(wnids)) == _IMAGENET:
        names = dict(zip(wnids, imagenet_names(), strict=True))
    return [ImageClass((names or {}).get(one, one), one if WNID.fullmatch(one) else None) for one in wnids]


def imagenet_names() -> list[str]:
    """torchvision's names of ImageNet's 1,000 classes, by index."""
    from torchvision.models import VGG16_Weights

    return list(VGG16_Weights.IMAGENET1K_V1.meta["categories"])
