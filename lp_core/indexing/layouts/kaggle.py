"""Kaggle's ImageNet: `ILSVRC/Data/CLS-LOC/{train/<wnid>,val,test}`, its mapping of classes and its solution."""

from __future__ import annotations

from lp_core.errors import DataError, check
from lp_core.indexing.identity import classes_of
from lp_core.indexing.layouts.class_names import MAPPING, kaggle_mapping
from lp_core.indexing.layouts.folders import photographs, sort_photographs
from lp_core.indexing.layouts.found import SPLIT_NAMES, Files, Found, Refused, Source
from lp_core.indexing.layouts.validation_list import SOLUTION, listed_photographs, validation_wnids

_IMAGES = "Data/CLS-LOC/"


def recognise(source: Source) -> bool:
    """Whether images lie below Data/CLS-LOC."""
    return any(_IMAGES in f"/{name}" for name in source.files)


def find(source: Source) -> Found:
    """List the photographs; the validation images' classes come from the solution file, for they lie flat.

    Raises:
        DataError: the solution or the mapping is missing or damaged, or a class folder is not in the mapping.
    """
    prefix = _prefix(source)
    classes, names = _classes(source, prefix)
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
                raise DataError(f"{here}{strange[0]} is no class of {MAPPING}; remove it ({len(strange)} in all)")
            files[split] = photographs(source, here, kept, classes)
        elif split == "validation":
            files[split], others = _validation(source, here, kept, classes)
            refused += others
        else:
            files[split] = photographs(source, here, kept, None)
    check(bool(files), f"source {source.storage}: no photographs in {prefix}train, val or test", DataError)
    return Found("kaggle", {}, classes_of(classes, names), files, refused)


def _prefix(source: Source) -> str:
    name = next((name for name in source.files if _IMAGES in f"/{name}"), None)
    if name is None:
        raise DataError(f"source {source.storage}: no folder ILSVRC/Data/CLS-LOC")
    return name[: name.index(_IMAGES)] + _IMAGES


def _validation(source: Source, here: str, paths: list[str], classes: list[str]) -> tuple[Files, list[Refused]]:
    """The validation photographs; those that somebody sorted into class folders need no list."""
    flat = [path for path in paths if "/" not in path[len(here) :]]
    if not flat:
        strange = sorted({path[len(here) :].partition("/")[0] for path in paths} - set(classes))
        if strange:
            raise DataError(f"{here}{strange[0]} is no class of {MAPPING}; remove it ({len(strange)} in all)")
        return photographs(source, here, paths, classes), []
    wnids = validation_wnids(source)
    if wnids is None:
        raise DataError(f"{here} holds {len(flat)} photographs without classes, and {SOLUTION} is missing; add it")
    return listed_photographs(source, here, paths, wnids, classes)


def _classes(source: Source, prefix: str) -> tuple[list[str], dict[str, str] | None]:
    """wnids in sorted order, and their names; without the mapping, the training folders in sorted order."""
    names = kaggle_mapping(source)
    if names is not None:
        return sorted(names), names
    here = f"{prefix}train/"
    wnids = {path[len(here) :].partition("/")[0] for path in source.files if path.startswith(here)}
    check(
        bool(wnids), f"source {source.storage}: {MAPPING} is missing; it lies in the archive beside ILSVRC/", DataError
    )
    return sorted(wnids), None
