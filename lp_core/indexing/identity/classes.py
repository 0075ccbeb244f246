"""Classes of a collection by index: their names, and their wnids where they are known."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lp_core.errors import DataError, check
from lp_core.indexing.identity.image_id import DOUBLED_WNID, stem
from lp_core.indexing.identity.imagenet import IMAGENET_CLASSES, imagenet_name_of, imagenet_names, imagenet_wnids

WNID = re.compile(r"n\d{8}")
"""WordNet's number of a noun, as ImageNet names classes."""
_TRAIN_STEM = re.compile(r"^(?P<wnid>n\d{8})_\d+$")


@dataclass(frozen=True)
class ImageClass:
    """A class: its index is its place in the list; `wnid` is WordNet's number, such as n01440764, where known."""

    name: str
    wnid: str | None = None


def wnids_by_label(paths: Iterable[str | None], labels: np.ndarray) -> dict[int, str]:
    """Class index -> wnid, as far as file names carry it, at their end or at the start of training names.

    Labels of several wnids (animals, vehicles) are left out.

    Raises:
        LogpolarError: a wnid has two labels.
    """
    label_of: dict[str, int] = {}
    for path, label in zip(paths, labels.tolist(), strict=True):
        name = stem(path or "")
        match = (DOUBLED_WNID.match(name) or _TRAIN_STEM.match(name)) if label >= 0 else None
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
    """Check that classes are numbered in the order of their wnids, as in all data sets but the development kit.

    Raises:
        LogpolarError: two numbers have one wnid, or a lower number has a higher wnid.
    """
    labels = sorted(wnids)
    for label, next_label in pairwise(labels):
        check(
            wnids[label] < wnids[next_label],
            f"label {label} is {wnids[label]} and label {next_label} is {wnids[next_label]}: classes are numbered in "
            "the order of their wnids; are these the development kit's numbers (ILSVRC2012_ID)?",
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
    return [ImageClass(known.get(folder, folder), folder if WNID.fullmatch(folder) else None) for folder in folders]


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
