"""Where the class folders of each split lie: `train/`, `imagenet/val/`, `ILSVRC2012_img_train/`, or all in one."""

from __future__ import annotations

import posixpath

from lp_core.errors import check
from lp_core.indexing.identity import WNID
from lp_core.indexing.layouts.found import Source, is_image, split_of_folder


def split_folders(source: Source) -> dict[str, tuple[str, list[str]]]:
    """Prefix of the class folders, and all files below it, by split.

    Raises:
        SettingError: two folders are one split, or two folders have splits.
    """
    folders = _folders(source)
    parents = {posixpath.dirname(folder) for folder in folders if split_of_folder(posixpath.basename(folder))}
    if not parents:
        prefix = _unwrapped("", "train", folders, source)
        return {"train": (prefix, _below(prefix, source))} if folders else {}
    depth = min(_depth(parent) for parent in parents)
    roots = sorted(parent for parent in parents if _depth(parent) == depth)
    several = " and ".join(roots[:3])
    check(len(roots) == 1, f"source {source.storage}: splits lie in {several}; give one of these folders")
    named: dict[str, str] = {}
    for folder in sorted(_children(roots[0], folders)):
        if split := split_of_folder(posixpath.basename(folder)):
            check(
                split not in named, f"source {source.storage}: {named.get(split)} and {folder} are one split; keep one"
            )
            named[split] = folder
    prefixes = {split: _unwrapped(f"{folder}/", split, folders, source) for split, folder in sorted(named.items())}
    return {split: (prefix, _below(prefix, source)) for split, prefix in prefixes.items()}


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
    """The prefix of a split's class folders: a folder that is alone and holds folders of images is no class."""
    while True:
        children = _children(prefix.removesuffix("/"), folders)
        images = [path[len(prefix) :] for path in _below(prefix, source) if is_image(path)]
        if len(children) != 1 or any("/" not in path for path in images):
            return prefix
        name = posixpath.basename(children[0])
        holds_classes = bool(images) and all(path.count("/") > 1 for path in images) and not WNID.fullmatch(name)
        if not holds_classes and split_of_folder(name) != split:
            return prefix
        prefix = f"{children[0]}/"


def _children(parent: str, folders: set[str]) -> list[str]:
    return [folder for folder in folders if posixpath.dirname(folder) == parent]


def _depth(folder: str) -> int:
    return folder.count("/") + bool(folder)
