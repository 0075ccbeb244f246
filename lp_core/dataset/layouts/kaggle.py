"""Kaggle's ImageNet: `ILSVRC/Data/CLS-LOC/{train/<wnid>,val,test}`, its mapping of classes and its solution."""

from __future__ import annotations

import posixpath

import numpy as np

from lp_core.config import SettingError, check
from lp_core.dataset.identity import WNID, canonical, classes_of, stem
from lp_core.dataset.layouts.folders import photographs, sort_photographs
from lp_core.dataset.layouts.found import SPLIT_NAMES, Files, Found, Refused, Source

_IMAGES = "Data/CLS-LOC/"
_MAPPING = "LOC_synset_mapping.txt"
_SOLUTION = "LOC_val_solution.csv"


def recognise(source: Source) -> bool:
    """Whether images lie below Data/CLS-LOC."""
    return any(_IMAGES in f"/{name}" for name in source.files)


def find(source: Source) -> Found:
    """List the photographs; the validation images' classes come from the solution file, for they lie flat.

    Raises:
        SettingError: the solution or the mapping is missing or damaged, or a class folder is not in the mapping.
    """
    prefix = _prefix(source)
    classes, names = _mapping(source, prefix)
    files: dict[str, Files] = {}
    refused: list[Refused] = []
    for folder in ("train", "val", "test"):
        split, here = SPLIT_NAMES[folder], f"{prefix}{folder}/"
        paths = [path for path in source.files if path.startswith(here)]
        kept, others = sort_photographs(split, here, paths, classes if split == "train" else None)
        refused += others
        if not kept:
            continue
        if split == "train":
            strange = sorted({path[len(here) :].partition("/")[0] for path in kept} - set(classes))
            if strange:
                raise SettingError(f"{here}{strange[0]} is no class of {_MAPPING}; remove it ({len(strange)} in all)")
            files[split] = photographs(source, here, kept, classes)
        elif split == "validation":
            files[split], others = _solved(source, here, kept, classes)
            refused += others
        else:
            files[split] = photographs(source, here, kept, None)
    check(bool(files), f"source {source.storage}: no photographs in {prefix}train, val or test")
    return Found("kaggle", {}, classes_of(classes, names), files, refused)


def _prefix(source: Source) -> str:
    name = next((name for name in source.files if _IMAGES in f"/{name}"), None)
    if name is None:
        raise SettingError(f"source {source.storage}: no folder ILSVRC/Data/CLS-LOC")
    return name[: name.index(_IMAGES)] + _IMAGES


def _text(source: Source, name: str) -> tuple[str, list[str]] | None:
    """Path and lines of a text file, wherever it lies."""
    path = next((path for path in source.files if posixpath.basename(path) == name), None)
    if path is None:
        return None
    try:
        return path, source.storage.read_bytes(path).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise SettingError(f"{source.storage.path(path)}: not a text file") from None


def _mapping(source: Source, prefix: str) -> tuple[list[str], dict[str, str] | None]:
    """wnids in sorted order, and their names; without the mapping, the training folders in sorted order."""
    found = _text(source, _MAPPING)
    if found is None:
        here = f"{prefix}train/"
        wnids = {path[len(here) :].partition("/")[0] for path in source.files if path.startswith(here)}
        check(bool(wnids), f"source {source.storage}: {_MAPPING} is missing; it lies in the archive beside ILSVRC/")
        return sorted(wnids), None
    path, lines = found
    names: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        wnid, _, name = line.strip().partition(" ")
        if not wnid:
            continue
        check(
            bool(WNID.fullmatch(wnid) and name), f"{path}, line {number}: 'n01440764 tench' is expected, not {line!r}"
        )
        names[wnid] = name
    check(bool(names), f"{path}: it names no classes")
    return sorted(names), names


def _solved(source: Source, prefix: str, paths: list[str], classes: list[str]) -> tuple[Files, list[Refused]]:
    """The validation photographs that the solution names, and those it does not."""
    found = _text(source, _SOLUTION)
    if found is None:
        raise SettingError(
            f"{prefix} holds {len(paths)} photographs without classes, and {_SOLUTION} is missing; add it"
        )
    where, lines = found
    index = {wnid: place for place, wnid in enumerate(classes)}
    label: dict[str, int] = {}
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        image, _, prediction = line.partition(",")
        wnid = prediction.split(" ")[0].strip()
        check(
            wnid in index,
            f"{where}, line {number}: 'ILSVRC2012_val_00000001,n01440764 ...' is expected, not {line[:60]!r}",
        )
        label[image] = index[wnid]
    kept = [path for path in paths if stem(path) in label]
    refused = [
        Refused("validation", canonical(stem(path)), path, f"{where} does not name its class")
        for path in paths
        if stem(path) not in label
    ]
    unlabelled = photographs(source, prefix, kept, None)
    labels = np.array([label[stem(path)] for path in kept], np.int64)
    return Files(unlabelled.names, labels, kept, unlabelled.offsets, unlabelled.sizes), refused
