"""One identity for a photograph, whichever layout it came in, and one name for its class."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

import numpy as np

from lp_core.errors import DataError, check

WNID = re.compile(r"n\d{8}")
"""WordNet's number of a noun, as ImageNet names classes."""
_DOUBLED_WNID = re.compile(r"^(?P<base>.+?)_(?P<wnid>n\d{8})$")
"""Hugging Face's ILSVRC/imagenet-1k appends the class: n01440764_10026_n01440764.JPEG."""
_TRAIN_STEM = re.compile(r"^(?P<wnid>n\d{8})_\d+$")
_IMAGENET_STEM = re.compile(r"^(n\d{8}_\d+|ILSVRC20\d\d_(train|val|test)_\d{8})$")
IMAGENET_CLASSES = 1000
_WNIDS = "imagenet_wnids.txt"
"""The wnids of ImageNet's 1,000 classes in sorted order, beside this file. Source: timm's imagenet_synsets.txt; its 500
classes at ../shared/data/imagenet-sample bear the names that torchvision has at the same places."""


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
        DataError: two photographs have one place, so a shard or archive is there twice.
    """
    named = [path and composed(posixpath.splitext(path.replace("\\", "/"))[0]) for path in paths]
    stems = [path and canonical(posixpath.basename(path)) for path in named]
    unique = {one for one, times in Counter(stems).items() if times == 1 and one}
    if len(unique) == len(stems):
        return [one for one in stems if one]
    unique_paths = {one for one, times in Counter(named).items() if times == 1}
    all_named = None not in named
    ids = []
    for one, path, place in zip(stems, named, places, strict=True):
        if one and one in unique and is_imagenet_stem(one):
            ids.append(one)
        else:
            ids.append(path if path and all_named and path in unique_paths else place)
    twice = first_repeated(ids)
    check(
        twice is None,
        f"{twice} is there twice; is a shard or archive in two folders of the source? Keep one",
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


def wnids_by_label(paths: Iterable[str | None], labels: np.ndarray) -> dict[int, str]:
    """Class index -> wnid, as far as file names carry it, at their end or at the start of training names.

    Labels of several wnids (animals, vehicles) are left out.

    Raises:
        DataError: a wnid has two labels.
    """
    label_of: dict[str, int] = {}
    for path, label in zip(paths, labels.tolist(), strict=True):
        name = stem(path or "")
        match = (_DOUBLED_WNID.match(name) or _TRAIN_STEM.match(name)) if label >= 0 else None
        if match:
            other = label_of.setdefault(match["wnid"], label)
            check(
                other == label,
                f"{path} has label {label}, other photographs of class {match['wnid']} have {other}",
                DataError,
            )
    return wnid_of_label(label_of)


def wnid_of_label(label_of: dict[str, int]) -> dict[int, str]:
    """Class index -> wnid, of the classes that have one."""
    alone = Counter(label_of.values())
    return {label: wnid for wnid, label in label_of.items() if alone[label] == 1}


def check_wnids(wnids: dict[int, str]) -> None:
    """Whether classes are numbered in the order of their wnids, as everybody's are but the development kit's.

    Raises:
        DataError: two numbers have one wnid, or a lower number has a higher wnid.
    """
    labels = sorted(wnids)
    for one, other in pairwise(labels):
        check(
            wnids[one] < wnids[other],
            f"label {one} is {wnids[one]} and label {other} is {wnids[other]}: classes are numbered in the order of "
            "their wnids; are these the development kit's numbers (ILSVRC2012_ID)?",
            DataError,
        )


def classes_of(folders: Sequence[str], names: Mapping[str, str] | None = None) -> list[ImageClass]:
    """Classes from the names of their folders, by index.

    A class's name is the collection's where it has one, else torchvision's where the folder is one of ImageNet's wnids,
    else the folder's.

    Args:
        folders: names of class folders, or wnids.
        names: the collection's own names by folder.
    """
    known = {**imagenet_name_of(), **(names or {})}
    return [ImageClass(known.get(one, one), one if WNID.fullmatch(one) else None) for one in folders]


def numbered_classes(count: int, wnids: Mapping[int, str]) -> list[ImageClass]:
    """Classes of which only the numbers are known, and some wnids.

    1,000 classes are taken for ImageNet's unless a wnid contradicts.

    Args:
        count: number of classes.
        wnids: by class index.
    """
    imagenet = count == IMAGENET_CLASSES and all(imagenet_wnids()[index] == wnid for index, wnid in wnids.items())
    names = imagenet_names() if imagenet else [f"class {index}" for index in range(count)]
    by_wnid = classes_of(list(wnids.values()))
    known = dict(zip(wnids, by_wnid, strict=True))
    return [known.get(index, ImageClass(name)) for index, name in enumerate(names)]


def imagenet_names() -> list[str]:
    """torchvision's names of ImageNet's 1,000 classes, by index."""
    from torchvision.models import VGG16_Weights

    return list(VGG16_Weights.IMAGENET1K_V1.meta["categories"])


@cache
def imagenet_wnids() -> list[str]:
    """ImageNet's 1,000 wnids, by index."""
    return files(__package__).joinpath(_WNIDS).read_text("ascii").split()


@cache
def imagenet_name_of() -> Mapping[str, str]:
    """torchvision's names of ImageNet's classes, by wnid."""
    return dict(zip(imagenet_wnids(), imagenet_names(), strict=True))
