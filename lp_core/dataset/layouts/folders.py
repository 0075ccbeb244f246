"""Class folders, as torchvision's ImageFolder and ImageNet read them: `train/<class>/*.JPEG`, `val/<class>/*.JPEG`.

A folder of classes without splits is read as a training split.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

import numpy as np

from lp_core.config import SettingError, check
from lp_core.dataset.identity import WNID, canonical, classes_of, stem
from lp_core.dataset.layouts.found import IMAGE_ENDINGS, SPLIT_NAMES, Files, Found, Refused, Source

FLAT_VAL = (
    "{where} holds {count} photographs and no class folders; ImageNet's validation images come without classes: sort "
    "them into {where}/<wnid>/ (the script valprep.sh does), or give the folder with LOC_val_solution.csv or the devkit"
)


def recognise(source: Source) -> bool:
    """Whether there are images in folders, or folders that could be classes."""
    return any("/" in name and is_image(name) for name in source.files)


def find(source: Source) -> Found:
    """List the photographs of every split; a class's index is its folder's place in sorted order.

    Raises:
        SettingError: a split has no class folders or empty ones, or classes that training has not.
    """
    splits = _splits(source)
    check(bool(splits), f"source {source.storage}: no folders of images")
    folders = {split: _class_folders(source, prefix) for split, (prefix, _) in splits.items()}
    labelled = [split for split in splits if split != "test" or folders[split]]
    names = folders["train"] if "train" in folders else folders[labelled[0]]
    classes = sorted(names)
    for split in labelled:
        _check_classes(split, splits[split][0], splits[split][1], folders[split], classes)
    files, refused = {}, []
    for split, (prefix, paths) in splits.items():
        kept, others = sort_photographs(split, prefix, paths, classes if split in labelled else None)
        files[split] = photographs(source, prefix, kept, classes if split in labelled else None)
        refused += others
    return Found("folders", {}, classes_of(classes), files, refused)


def is_image(path: str) -> bool:
    """Whether a file is named as an image."""
    return path.lower().endswith(IMAGE_ENDINGS)


def sort_photographs(
    split: str, prefix: str, paths: Iterable[str], classes: list[str] | None
) -> tuple[list[str], list[Refused]]:
    """Photographs, and files that are none: not named as images or, where there are classes, in no class folder."""
    kept, refused = [], []
    for path in paths:
        reason = None
        if not is_image(path):
            reason = f"not named as an image ({posixpath.splitext(path)[1] or 'no ending'})"
        elif classes is not None and "/" not in path[len(prefix) :]:
            reason = "lies in no class folder"
        if reason is None:
            kept.append(path)
        else:
            refused.append(Refused(split, canonical(stem(path)), path, reason))
    return kept, refused


def photographs(source: Source, prefix: str, paths: list[str], classes: list[str] | None) -> Files:
    """Files that lie in class folders below a prefix, or, without classes, unlabelled ones."""
    names = [path[len(prefix) :] for path in paths]
    index = {name: place for place, name in enumerate(classes or [])}
    labels = [index[name.partition("/")[0]] if classes is not None else -1 for name in names]
    sizes = np.array([source.files[path] for path in paths], np.int64)
    return Files(names, np.array(labels, np.int64), paths, np.zeros(len(paths), np.int64), sizes)


def _splits(source: Source) -> dict[str, tuple[str, list[str]]]:
    """Prefix and files by split; without folders named as splits, everything is for training."""
    tops = {
        name.partition("/")[0] for name in [*source.folders, *source.files] if "/" in name or name in source.folders
    }
    named: dict[str, str] = {}
    for top in sorted(tops):
        split = SPLIT_NAMES.get(top)
        if split:
            check(split not in named, f"source {source.storage}: {named.get(split)} and {top} are one split; keep one")
            named[split] = top
    if not named:
        return {"train": ("", [path for path in source.files if "/" in path])} if tops else {}
    return {
        split: (f"{top}/", [path for path in source.files if path.startswith(f"{top}/")])
        for split, top in sorted(named.items())
    }


def _class_folders(source: Source, prefix: str) -> set[str]:
    depth = len(prefix)
    there = {
        path[depth:].partition("/")[0] for path in source.folders if path.startswith(prefix) and path != prefix[:-1]
    }
    # Object stores have files only.
    return there | {
        path[depth:].partition("/")[0] for path in source.files if path.startswith(prefix) and "/" in path[depth:]
    }


def _check_classes(split: str, prefix: str, paths: list[str], folders: set[str], classes: list[str]) -> None:
    where = prefix.rstrip("/") or "the source"
    images = [path[len(prefix) :] for path in paths if is_image(path)]
    if not images and folders:
        raise SettingError(
            f"{where} holds {len(folders)} class folders without photographs; fill them, or remove {where}"
        )
    check(bool(images), f"{where} holds no photographs; fill it or remove it")
    flat = [name for name in images if "/" not in name]
    check(len(flat) < len(images), FLAT_VAL.format(where=where, count=len(flat)))
    if unknown := sorted(folders - set(classes)):
        raise SettingError(
            f"{prefix}{unknown[0]}: train has no such class; rename or remove it ({len(unknown)} in all)"
        )
    if split == "train" and (empty := sorted(set(classes) - {name.partition("/")[0] for name in images})):
        raise SettingError(f"{prefix}{empty[0]} holds no photographs; fill it, or remove it ({len(empty)} in all)")
    odd = [name for name in classes if not WNID.fullmatch(name)]
    if odd and 2 * len(odd) < len(classes):
        raise SettingError(
            f"{prefix}{odd[0]} is not named as the others are (n01440764) and would shift their numbers; move it away"
        )
