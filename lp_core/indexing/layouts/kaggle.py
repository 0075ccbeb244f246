"""Kaggle's ImageNet: `ILSVRC/Data/CLS-LOC/{train/<wnid>,val,test}`, its mapping of classes and its solution."""

from __future__ import annotations

from lp_core.errors import DataError, check
from lp_core.indexing.collection import Collection, Quarantined, SplitFiles
from lp_core.indexing.identity.classes import classes_of
from lp_core.indexing.layouts.class_names import MAPPING, kaggle_mapping
from lp_core.indexing.layouts.folders import photographs, sort_photographs
from lp_core.indexing.layouts.validation_list import SOLUTION, listed_photographs, validation_wnids
from lp_core.indexing.sources.source import SPLIT_NAMES, Source

EXAMPLE = "ILSVRC/Data/CLS-LOC"
_IMAGES = "Data/CLS-LOC/"


def recognise(source: Source) -> bool:
    """Whether images lie below Data/CLS-LOC."""
    return any(_IMAGES in f"/{name}" for name in source.files)


def find(source: Source) -> Collection:
    """List the photographs; the validation images' classes come from the solution file, for they lie flat.

    Raises:
        DataError: the solution or the mapping is missing or damaged, or a class folder is not in the mapping.
    """
    prefix = _prefix(source)
    classes, names = _classes(source, prefix)
    files: dict[str, SplitFiles] = {}
    quarantined: list[Quarantined] = []
    for folder in ("train", "val", "test"):
        split, prefix_of_split = SPLIT_NAMES[folder], f"{prefix}{folder}/"
        paths = [path for path in source.files if path.startswith(prefix_of_split)]
        kept, others = sort_photographs(split, prefix_of_split, paths, classes if split == "train" else None)
        quarantined += others
        if not kept:
            continue
        if split == "train":
            unknown = sorted({path[len(prefix_of_split) :].partition("/")[0] for path in kept} - set(classes))
            if unknown:
                raise DataError(
                    f"{prefix_of_split}{unknown[0]} is no class of {MAPPING}; remove it ({len(unknown)} in all)"
                )
            files[split] = photographs(source, prefix_of_split, kept, classes)
        elif split == "validation":
            files[split], others = _validation(source, prefix_of_split, kept, classes)
            quarantined += others
        else:
            files[split] = photographs(source, prefix_of_split, kept, None)
    check(bool(files), f"source {source.storage}: no photographs in {prefix}train, val or test", DataError)
    return Collection("kaggle", {}, classes_of(classes, names), files, quarantined)


def _prefix(source: Source) -> str:
    name = next((name for name in source.files if _IMAGES in f"/{name}"), None)
    if name is None:
        raise DataError(f"source {source.storage}: no folder ILSVRC/Data/CLS-LOC")
    return name[: name.index(_IMAGES)] + _IMAGES


def _validation(
    source: Source, prefix: str, paths: list[str], classes: list[str]
) -> tuple[SplitFiles, list[Quarantined]]:
    """The validation photographs; those in class folders need no list."""
    flat = [path for path in paths if "/" not in path[len(prefix) :]]
    if not flat:
        unknown = sorted({path[len(prefix) :].partition("/")[0] for path in paths} - set(classes))
        if unknown:
            raise DataError(f"{prefix}{unknown[0]} is no class of {MAPPING}; remove it ({len(unknown)} in all)")
        return photographs(source, prefix, paths, classes), []
    wnids = validation_wnids(source)
    if wnids is None:
        raise DataError(f"{prefix} holds {len(flat)} photographs without classes, and {SOLUTION} is missing; add it")
    return listed_photographs(source, prefix, paths, wnids, classes)


def _classes(source: Source, prefix: str) -> tuple[list[str], dict[str, str] | None]:
    """wnids in sorted order, and their names; without the mapping, the training folders in sorted order."""
    names = kaggle_mapping(source)
    if names is not None:
        return sorted(names), names
    train = f"{prefix}train/"
    wnids = {path[len(train) :].partition("/")[0] for path in source.files if path.startswith(train)}
    check(
        bool(wnids), f"source {source.storage}: {MAPPING} is missing; it lies in the archive beside ILSVRC/", DataError
    )
    return sorted(wnids), None
