"""ImageNet's original archives, read where they lie: a tar of 1,000 tars for training, a flat one for validation.

The training archive may have been unpacked once, into a folder of 1,000 tars.
"""

from __future__ import annotations

import posixpath
import re

import numpy as np

from lp_core.errors import DataError, check
from lp_core.indexing.collection import Collection, Quarantined, SplitFiles
from lp_core.indexing.identity.classes import classes_of
from lp_core.indexing.identity.image_id import canonical, first_repeated, stem
from lp_core.indexing.layouts.devkit import ARCHIVE, Devkit, read_devkit
from lp_core.indexing.layouts.validation_list import validation_number
from lp_core.indexing.sources.archive import Members, Region
from lp_core.indexing.sources.endings import is_image, why_no_image
from lp_core.indexing.sources.leftovers import is_leftover
from lp_core.indexing.sources.source import Source

EXAMPLE = "ILSVRC2012_img_train.tar"
_NAME = re.compile(r"ILSVRC20\d\d_img_(?P<split>train|val|test)(_\w+)?\.tar$")
_CLASS_ARCHIVE = re.compile(r"n\d{8}\.tar")


def recognise(source: Source) -> bool:
    """Whether one of the archives lies in the folder."""
    return bool(_archives(source) or _class_archives(source))


def find(source: Source) -> Collection:
    """List the photographs in the archives; a class's index is its wnid's place in sorted order.

    Raises:
        DataError: an archive is damaged, the development kit is missing or does not fit.
    """
    archives, class_archives = _archives(source), _class_archives(source)
    is_there = bool(archives or class_archives)
    check(is_there, f"source {source.storage}: no ILSVRC2012_img_train.tar, ILSVRC2012_img_val.tar", DataError)
    kit = read_devkit(source)
    files: dict[str, SplitFiles] = {}
    quarantined: list[Quarantined] = []
    wnids = kit.wnids if kit else None
    if "train" in archives:
        inner = _inner_archives(source, archives["train"], quarantined)
        wnids = _train(source, archives["train"], inner, wnids, files, quarantined)
    elif class_archives:
        class_tars = [(stem(path), source.region(path), path) for path in class_archives]
        wnids = _train(
            source, posixpath.dirname(class_archives[0]) or "the source", class_tars, wnids, files, quarantined
        )
    if "val" in archives:
        if kit is None:
            raise DataError(
                f"{archives['val']} does not tell its images' classes; put {ARCHIVE} beside it (from image-net.org)"
            )
        _validation(source, archives["val"], kit, files, quarantined)
    if "test" in archives:
        (members,) = source.list_archives([source.region(archives["test"])])
        files["test"], _ = _files("test", [(archives["test"], members, -1)], quarantined)
    check(wnids is not None, f"source {source.storage}: a test archive alone; its images have no classes", DataError)
    assert wnids is not None
    return Collection("tars", {}, classes_of(wnids, kit.names if kit else None), files, quarantined)


def _archives(source: Source) -> dict[str, str]:
    archives: dict[str, str] = {}
    for name in source.files:
        if match := _NAME.fullmatch(posixpath.basename(name)):
            split = match["split"]
            check(
                split not in archives,
                f"{archives.get(split)} and {name} both hold the split {split}; keep one of them",
                DataError,
            )
            archives[split] = name
    return archives


def _class_archives(source: Source) -> list[str]:
    """The tars of classes that lie in a folder rather than in the training archive."""
    return [path for path in source.files if _CLASS_ARCHIVE.fullmatch(posixpath.basename(path))]


_ClassArchive = tuple[str, Region, str]
"""wnid, place, and the file of the source that holds it."""


def _inner_archives(source: Source, name: str, quarantined: list[Quarantined]) -> list[_ClassArchive]:
    """The tars in the training archive."""
    outer = source.region(name)
    (members,) = source.list_archives([outer])
    quarantined += [
        Quarantined("train", stem(inner), f"{name}:{inner}", reason) for inner, reason in members.quarantined
    ]
    archives = []
    for inner, offset, size in zip(members.names, members.offsets.tolist(), members.sizes.tolist(), strict=True):
        if inner.endswith(".tar") and not is_leftover(inner):
            archives.append((stem(inner), Region(outer.uri, offset, size, f"{name}:{inner}"), name))
        elif not is_leftover(inner):
            quarantined.append(Quarantined("train", stem(inner), f"{name}:{inner}", "not an archive of a class"))
    check(bool(archives), f"{name} holds no archives of classes (n01440764.tar ...); is it the original?", DataError)
    return archives


def _train(
    source: Source,
    name: str,
    archives: list[_ClassArchive],
    wnids: list[str] | None,
    files: dict[str, SplitFiles],
    quarantined: list[Quarantined],
) -> list[str]:
    """List the archives of classes; return the classes."""
    inner_tars = sorted(archives, key=lambda archive: archive[0])
    archive_wnids = [wnid for wnid, _, _ in inner_tars]
    repeated = first_repeated(archive_wnids)
    check(repeated is None, f"{name}: {repeated}.tar is there twice; keep one", DataError)
    classes = wnids or archive_wnids
    unknown = sorted(set(archive_wnids) - set(classes))
    if unknown:
        raise DataError(f"{name}: {unknown[0]}.tar is no class of the development kit ({len(unknown)} in all)")
    index = {wnid: label for label, wnid in enumerate(classes)}
    members_of_each = source.list_archives([region for _, region, _ in inner_tars])
    parts = [
        (str(region), members, index[wnid])
        for (wnid, region, _), members in zip(inner_tars, members_of_each, strict=True)
    ]
    photographs, owners = _files("train", parts, quarantined)
    folders = [f"{archive_wnids[owner]}/{file}" for owner, file in zip(owners, photographs.names, strict=True)]
    holders = [inner_tars[owner][2] for owner in owners]
    files["train"] = SplitFiles(folders, photographs.labels, holders, photographs.offsets, photographs.sizes)
    return classes


def _validation(
    source: Source, name: str, kit: Devkit, files: dict[str, SplitFiles], quarantined: list[Quarantined]
) -> None:
    (members,) = source.list_archives([source.region(name)])
    photographs, _ = _files("validation", [(name, members, -1)], quarantined)
    labels = []
    for file in photographs.names:
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
    files["validation"] = SplitFiles(
        photographs.names, np.array(labels, np.int64), photographs.holders, photographs.offsets, photographs.sizes
    )


def _files(
    split: str, parts: list[tuple[str, Members, int]], quarantined: list[Quarantined]
) -> tuple[SplitFiles, list[int]]:
    """The photographs of some archives (name, members, label), and for each of them the archive's place in the list."""
    names: list[str] = []
    labels: list[int] = []
    holders: list[str] = []
    owners: list[int] = []
    kept: list[np.ndarray] = []
    for owner, (where, members, label) in enumerate(parts):
        quarantined += [
            Quarantined(split, canonical(stem(name)), f"{where}:{name}", why) for name, why in members.quarantined
        ]
        good = np.array([is_image(name) and not is_leftover(name) for name in members.names], bool)
        for name, image in zip(members.names, good.tolist(), strict=True):
            if image:
                names.append(name)
            elif not is_leftover(name):
                quarantined.append(Quarantined(split, canonical(stem(name)), f"{where}:{name}", why_no_image(name)))
        count = int(good.sum())
        labels += [label] * count
        holders += [where] * count
        owners += [owner] * count
        kept.append(np.stack([members.offsets[good], members.sizes[good]]))
    offsets, sizes = np.concatenate(kept, axis=1)
    return SplitFiles(names, np.array(labels, np.int64), holders, offsets, sizes), owners
