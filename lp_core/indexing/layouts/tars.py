"""ImageNet's original archives, read where they lie: a tar of 1,000 tars for training, a flat one for validation.

The training archive may have been unpacked once, into a folder of 1,000 tars.
"""

from __future__ import annotations

import posixpath
import re

import numpy as np

from lp_core.errors import DataError, check
from lp_core.indexing.archive import Members, Region
from lp_core.indexing.endings import is_image, why_no_image
from lp_core.indexing.identity import canonical, classes_of, first_repeated, stem
from lp_core.indexing.layouts.devkit import ARCHIVE, Devkit, read_devkit
from lp_core.indexing.layouts.found import Files, Found, Refused, Source
from lp_core.indexing.layouts.validation_list import validation_number
from lp_core.indexing.leftovers import is_leftover

_NAME = re.compile(r"ILSVRC20\d\d_img_(?P<split>train|val|test)(_\w+)?\.tar$")
_CLASS_ARCHIVE = re.compile(r"n\d{8}\.tar")


def recognise(source: Source) -> bool:
    """Whether one of the archives lies in the folder."""
    return bool(_archives(source) or _class_archives(source))


def find(source: Source) -> Found:
    """List the photographs in the archives; a class's index is its wnid's place in sorted order.

    Raises:
        DataError: an archive is damaged, the development kit is missing or does not fit.
    """
    archives, class_archives = _archives(source), _class_archives(source)
    there = bool(archives or class_archives)
    check(there, f"source {source.storage}: no ILSVRC2012_img_train.tar, ILSVRC2012_img_val.tar", DataError)
    kit = read_devkit(source)
    files: dict[str, Files] = {}
    refused: list[Refused] = []
    wnids = kit.wnids if kit else None
    if "train" in archives:
        inner = _inner_archives(source, archives["train"], refused)
        wnids = _train(source, archives["train"], inner, wnids, files, refused)
    elif class_archives:
        here = [(stem(path), source.region(path), path) for path in class_archives]
        wnids = _train(source, posixpath.dirname(class_archives[0]) or "the source", here, wnids, files, refused)
    if "val" in archives:
        if kit is None:
            raise DataError(
                f"{archives['val']} does not tell its images' classes; put {ARCHIVE} beside it (from image-net.org)"
            )
        _validation(source, archives["val"], kit, files, refused)
    if "test" in archives:
        (members,) = source.list_archives([source.region(archives["test"])])
        files["test"], _ = _files("test", [(archives["test"], members, -1)], refused)
    check(wnids is not None, f"source {source.storage}: a test archive alone; its images have no classes", DataError)
    assert wnids is not None
    return Found("tars", {}, classes_of(wnids, kit.names if kit else None), files, refused)


def _archives(source: Source) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in source.files:
        if match := _NAME.fullmatch(posixpath.basename(name)):
            split = match["split"]
            check(
                split not in found,
                f"{found.get(split)} and {name} both hold the split {split}; keep one of them",
                DataError,
            )
            found[split] = name
    return found


def _class_archives(source: Source) -> list[str]:
    """The tars of classes that lie in a folder rather than in the training archive."""
    return [path for path in source.files if _CLASS_ARCHIVE.fullmatch(posixpath.basename(path))]


_ClassArchive = tuple[str, Region, str]
"""wnid, place, and the file of the source that holds it."""


def _inner_archives(source: Source, name: str, refused: list[Refused]) -> list[_ClassArchive]:
    """The tars in the training archive."""
    outer = source.region(name)
    (members,) = source.list_archives([outer])
    refused += [Refused("train", stem(inner), f"{name}:{inner}", reason) for inner, reason in members.refused]
    found = []
    for inner, offset, size in zip(members.names, members.offsets.tolist(), members.sizes.tolist(), strict=True):
        if inner.endswith(".tar") and not is_leftover(inner):
            found.append((stem(inner), Region(outer.uri, offset, size, f"{name}:{inner}"), name))
        elif not is_leftover(inner):
            refused.append(Refused("train", stem(inner), f"{name}:{inner}", "not an archive of a class"))
    check(bool(found), f"{name} holds no archives of classes (n01440764.tar ...); is it the original?", DataError)
    return found


def _train(
    source: Source,
    name: str,
    archives: list[_ClassArchive],
    wnids: list[str] | None,
    files: dict[str, Files],
    refused: list[Refused],
) -> list[str]:
    """List the archives of classes; return the classes."""
    inner_tars = sorted(archives, key=lambda one: one[0])
    here = [wnid for wnid, _, _ in inner_tars]
    twice = first_repeated(here)
    check(twice is None, f"{name}: {twice}.tar is there twice; keep one", DataError)
    classes = wnids or here
    strange = sorted(set(here) - set(classes))
    if strange:
        raise DataError(f"{name}: {strange[0]}.tar is no class of the development kit ({len(strange)} in all)")
    index = {wnid: place for place, wnid in enumerate(classes)}
    listed = source.list_archives([region for _, region, _ in inner_tars])
    parts = [(str(region), one, index[wnid]) for (wnid, region, _), one in zip(inner_tars, listed, strict=True)]
    found, owners = _files("train", parts, refused)
    folders = [f"{here[owner]}/{file}" for owner, file in zip(owners, found.names, strict=True)]
    holders = [inner_tars[owner][2] for owner in owners]
    files["train"] = Files(folders, found.labels, holders, found.offsets, found.sizes)
    return classes


def _validation(source: Source, name: str, kit: Devkit, files: dict[str, Files], refused: list[Refused]) -> None:
    (members,) = source.list_archives([source.region(name)])
    found, _ = _files("validation", [(name, members, -1)], refused)
    labels = []
    for file in found.names:
        number = validation_number(file) or 0
        check(
            number > 0, f"{name}: {file} is not named as a validation image (ILSVRC2012_val_00000001.JPEG)", DataError
        )
        check(
            number <= len(kit.validation),
            f"{name}: {file} is none of the {len(kit.validation)} images whose classes the development kit tells",
            DataError,
        )
        labels.append(kit.validation[number - 1])
    files["validation"] = Files(found.names, np.array(labels, np.int64), found.holders, found.offsets, found.sizes)


def _files(split: str, parts: list[tuple[str, Members, int]], refused: list[Refused]) -> tuple[Files, list[int]]:
    """The photographs of some archives (name, members, label), and for each of them the archive's place in the list."""
    names: list[str] = []
    labels: list[int] = []
    holders: list[str] = []
    owners: list[int] = []
    kept: list[np.ndarray] = []
    for owner, (where, members, label) in enumerate(parts):
        refused += [Refused(split, canonical(stem(name)), f"{where}:{name}", why) for name, why in members.refused]
        good = np.array([is_image(name) and not is_leftover(name) for name in members.names], bool)
        for name, image in zip(members.names, good.tolist(), strict=True):
            if image:
                names.append(name)
            elif not is_leftover(name):
                refused.append(Refused(split, canonical(stem(name)), f"{where}:{name}", why_no_image(name)))
        count = int(good.sum())
        labels += [label] * count
        holders += [where] * count
        owners += [owner] * count
        kept.append(np.stack([members.offsets[good], members.sizes[good]]))
    offsets, sizes = np.concatenate(kept, axis=1)
    return Files(names, np.array(labels, np.int64), holders, offsets, sizes), owners
