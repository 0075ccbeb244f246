"""Lists that tell the classes of validation images that come without: whichever lies beside them."""

from __future__ import annotations

import posixpath
import re

import numpy as np

from lp_core.errors import DataError, check
from lp_core.indexing.collection import Quarantined, SplitFiles
from lp_core.indexing.identity.classes import WNID
from lp_core.indexing.identity.image_id import canonical, stem
from lp_core.indexing.layouts.devkit import read_devkit
from lp_core.indexing.sources.source import Source

SOLUTION = "LOC_val_solution.csv"
"""Kaggle's: `ILSVRC2012_val_00000001,n01751748 111 108 431 202 ...`."""
SYNSETS = "imagenet_2012_validation_synset_labels.txt"
"""TensorFlow's: the wnid of image k in line k."""
ANNOTATIONS = "val_annotations.txt"
"""Tiny ImageNet's: `val_0.JPEG<tab>n03444034<tab>0<tab>32<tab>44<tab>62`."""
_COMPANION = re.compile(
    rf"({SOLUTION}|{SYNSETS}|{ANNOTATIONS}|wnids\.txt|words\.txt|n\d{{8}}_boxes\.txt|meta\.mat"
    r"|ILSVRC20\d\d_validation_ground_truth\.txt)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^ILSVRC20\d\d_val_(?P<number>\d{8})$")

Wnids = tuple[str, dict[str, str]]
"""The list's path, and wnid by the image's stem."""


def validation_wnids(source: Source) -> Wnids | None:
    """The first list that is found: Kaggle's, the development kit's, TensorFlow's, Tiny ImageNet's; None without any.

    Raises:
        LogpolarError: it is damaged.
    """
    return _solution(source) or _kit(source) or _synsets(source) or _annotations(source)


def is_companion(path: str) -> bool:
    """Whether a file is one that comes with ImageNet or Tiny ImageNet: a list of classes, or boxes around objects."""
    return bool(_COMPANION.fullmatch(posixpath.basename(path)))


def validation_number(name: str) -> int | None:
    """Number of a validation image from its file's name, from 1; None if it is not named as one."""
    match = _NUMBER.match(canonical(stem(name)))
    return int(match["number"]) if match else None


def listed_photographs(
    source: Source, prefix: str, paths: list[str], wnids: Wnids, classes: list[str]
) -> tuple[SplitFiles, list[Quarantined]]:
    """The validation photographs whose classes the list has, and the others, quarantined.

    Raises:
        LogpolarError: the list names a class that is none of `classes`.
    """
    where, wnid_of = wnids
    index = {wnid: label for label, wnid in enumerate(classes)}
    kept, labels, quarantined = [], [], []
    for path in paths:
        wnid = wnid_of.get(canonical(stem(path)))
        if wnid is None:
            quarantined.append(
                Quarantined("validation", canonical(stem(path)), path, f"{where} does not name its class")
            )
            continue
        check(
            wnid in index,
            f"{where}: class {wnid} of {stem(path)} is none of the {len(classes)} training classes",
            DataError,
        )
        kept.append(path)
        labels.append(index[wnid])
    sizes = np.array([source.files[path] for path in kept], np.int64)
    names = [path[len(prefix) :] for path in kept]
    return SplitFiles(names, np.array(labels, np.int64), kept, np.zeros(len(kept), np.int64), sizes), quarantined


def text_file(source: Source, name: str) -> tuple[str, list[str]] | None:
    """Path and lines of a text file, wherever it lies in the source.

    Raises:
        DataError: it is not a text.
    """
    path = next((path for path in source.files if posixpath.basename(path) == name), None)
    if path is None:
        return None
    try:
        return path, source.storage.read_bytes(path).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise DataError(f"{source.storage.path(path)}: not a text file") from None


def _solution(source: Source) -> Wnids | None:
    text = text_file(source, SOLUTION)
    if text is None:
        return None
    where, lines = text
    wnids: dict[str, str] = {}
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        image, _, prediction = line.partition(",")
        wnid = prediction.split(" ")[0].strip()
        check(
            bool(WNID.fullmatch(wnid)),
            f"{where}, line {number}: 'ILSVRC2012_val_00000001,n01440764 ...' is expected, not {line[:60]!r}",
            DataError,
        )
        wnids[image] = wnid
    return where, wnids


def _kit(source: Source) -> Wnids | None:
    kit = read_devkit(source)
    if kit is None:
        return None
    classes = (kit.wnids[index] for index in kit.validation.tolist())
    return kit.where, {f"ILSVRC2012_val_{number:08d}": wnid for number, wnid in enumerate(classes, 1)}


def _synsets(source: Source) -> Wnids | None:
    text = text_file(source, SYNSETS)
    if text is None:
        return None
    where, lines = text
    for number, line in enumerate(lines, 1):
        check(
            bool(WNID.fullmatch(line.strip())),
            f"{where}, line {number}: a wnid is expected, not {line[:20]!r}",
            DataError,
        )
    return where, {f"ILSVRC2012_val_{number:08d}": line.strip() for number, line in enumerate(lines, 1)}


def _annotations(source: Source) -> Wnids | None:
    text = text_file(source, ANNOTATIONS)
    if text is None:
        return None
    where, lines = text
    wnids: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        image, _, rest = line.partition("\t")
        wnid = rest.partition("\t")[0].strip()
        check(
            bool(WNID.fullmatch(wnid)),
            f"{where}, line {number}: 'val_0.JPEG<tab>n03444034' is expected, not {line[:60]!r}",
            DataError,
        )
        wnids[stem(image)] = wnid
    return where, wnids
