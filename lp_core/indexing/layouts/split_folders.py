"""Where the class folders of each split lie: `train/`, `imagenet/val/`, `ILSVRC2012_img_train/`, or all in one."""

from __future__ import annotations

import posixpath

from lp_core.errors import DataError, check
from lp_core.indexing.identity.classes import WNID
from lp_core.indexing.sources.endings import is_image
from lp_core.indexing.sources.source import Source, split_of_folder

IMAGES = "images"
"""Folder of Tiny ImageNet, and of many others, that holds a split's or a class's photographs."""


def split_folders(source: Source, has_list: bool = False) -> dict[str, tuple[str, list[str]]]:
    """Prefix of the class folders, and all files below it, by split.

    Args:
        source: the collection.
        has_list: whether a list tells the classes of validation images, so that these may lie in no class folders.

    Raises:
        DataError: two folders are one split, or two folders have splits, or a class is named like a split.
    """
    folders = _folders(source)
    parents = {posixpath.dirname(folder) for folder in folders if split_of_folder(posixpath.basename(folder))}
    if not parents:
        prefix = _unwrapped("", "train", folders, source)
        return {"train": (prefix, _below(prefix, source))} if folders else {}
    depth = min(_depth(parent) for parent in parents)
    roots = sorted(parent for parent in parents if _depth(parent) == depth)
    several = " and ".join(roots[:3])
    check(len(roots) == 1, f"source {source.storage}: splits lie in {several}; give one of these folders", DataError)
    if not has_list:
        _check_names(source, _children(roots[0], folders))
    named: dict[str, str] = {}
    for folder in sorted(_children(roots[0], folders)):
        if split := split_of_folder(posixpath.basename(folder)):
            check(
                split not in named,
                f"source {source.storage}: {named.get(split)} and {folder} are one split; keep one",
                DataError,
            )
            named[split] = folder
    prefixes = {split: _unwrapped(f"{folder}/", split, folders, source) for split, folder in sorted(named.items())}
    return {split: (prefix, _below(prefix, source)) for split, prefix in prefixes.items()}


def _check_names(source: Source, siblings: list[str]) -> None:
    """Whether folders named like splits are splits: one that holds photographs, beside others that do, may be a class.

    Raises:
        DataError: no such folder has class folders, and other folders beside them hold photographs.
    """
    named = sorted(folder for folder in siblings if split_of_folder(posixpath.basename(folder)))
    root = posixpath.dirname(named[0])
    below = root and f"{root}/"
    images = [path[len(below) :].split("/") for path in source.files if path.startswith(below) and is_image(path)]
    others = sorted({parts[0] for parts in images if len(parts) > 1 and not split_of_folder(parts[0])})
    deeper = any(len(parts) > 2 and split_of_folder(parts[0]) for parts in images)
    if not others or deeper:
        return
    like, other, train = posixpath.basename(named[0]), others[0], f"{below}train"
    raise DataError(
        f"{named[0]} is named like a split, but holds photographs and no class folders, and {len(others)} folders "
        f"beside it ({other} ...) hold photographs, too; if all of them are classes, move them into a folder {train}: "
        f"{train}/{other}, {train}/{like}"
    )


def _folders(source: Source) -> set[str]:
    """All folders; object stores list files only."""
    folders = set(source.folders) | {posixpath.dirname(path) for path in source.files}
    for folder in list(folders):
        while folder := posixpath.dirname(folder):
            folders.add(folder)
    return folders - {""}


def _below(prefix: str, source: Source) -> list[str]:
    return [path for path in source.files if path.startswith(prefix) and (prefix or "/" in path)]


def _unwrapped(prefix: str, split: str, folders: set[str], source: Source) -> str:
    """The prefix of a split's class folders.

    A folder that is alone is no class if it holds folders of images, or is called `images`. Where there are no splits,
    folders beside it may hold other files (Caltech-101's annotations).
    """
    within = bool(prefix)
    while True:
        images = [path[len(prefix) :] for path in _below(prefix, source) if is_image(path)]
        holding = {path.partition("/")[0] for path in images}
        children = [posixpath.basename(child) for child in _children(prefix.removesuffix("/"), folders)]
        name = next(iter(holding), children[0] if children else "")
        if len(holding or children) != 1 or name not in children:
            return prefix
        classes = {path.split("/")[1] for path in images if path.count("/") > 1}
        deeper = bool(images) and all(path.count("/") > 1 for path in images) and not WNID.fullmatch(name)
        if len(children) > 1 and (within or not deeper or len(classes) < 2):
            return prefix
        if not (deeper or name.lower() == IMAGES or split_of_folder(name) == split):
            return prefix
        prefix = f"{prefix}{name}/"


def _children(parent: str, folders: set[str]) -> list[str]:
    return [folder for folder in folders if posixpath.dirname(folder) == parent]


def _depth(folder: str) -> int:
    return folder.count("/") + bool(folder)
