"""Class folders, as torchvision's ImageFolder and ImageNet read them: `train/<class>/*.JPEG`, `val/<class>/*.JPEG`.

A folder of classes without splits is read as a training split. Folders that only hold the splits, or only one split's
class folders (`imagenet/train`, `train/ILSVRC2012_img_train`), are entered. Tiny ImageNet is read as it is
distributed: its photographs lie in folders called `images`, and a list has the classes of `val`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

import numpy as np

from lp_core.errors import DataError, check
from lp_core.indexing.collection import Collection, Quarantined, SplitFiles
from lp_core.indexing.identity.class_order import is_imagenet_numbering, numbering_note, ordered_classes
from lp_core.indexing.identity.classes import WNID, classes_of
from lp_core.indexing.identity.image_id import canonical, composed, stem
from lp_core.indexing.identity.imagenet import imagenet_names
from lp_core.indexing.layouts.class_names import names_by_wnid
from lp_core.indexing.layouts.split_folders import split_folders
from lp_core.indexing.layouts.validation_list import is_companion, listed_photographs, validation_wnids
from lp_core.indexing.sources.endings import is_image, is_unread, why_no_image
from lp_core.indexing.sources.source import Source

EXAMPLE = "a folder of images per class in train and val"
FLAT_VAL = (
    "{where} holds {count} photographs and no class folders; ImageNet's validation images come without classes: sort "
    "them into {where}/<wnid>/ (the script valprep.sh does), or put LOC_val_solution.csv or the devkit beside them"
)
MASKS = frozenset(
    [
        "mask",
        "masks",
        "annotation",
        "annotations",
        "label",
        "labels",
        "segmentation",
        "segmentations",
        "groundtruth",
        "ground_truth",
        "gt",
    ]
)
"""Folders within a class folder whose images are hardly photographs. Source: our choice, names of known data sets."""
FLAT = "{where} holds {count} photographs and no class folders; sort them into {where}/<class>/"


def recognise(source: Source) -> bool:
    """Whether there are images in folders, or folders that could be classes."""
    return any("/" in name and (is_image(name) or is_unread(name)) for name in source.files)


def find(source: Source) -> Collection:
    """List the photographs of every split; a class's index is its folder's place in sorted order (numbers by value).

    Raises:
        DataError: a split has no class folders or empty ones, or classes that training has not.
    """
    wnids = validation_wnids(source)
    splits = split_folders(source, wnids is not None)
    check(bool(splits), f"source {source.storage}: no folders of images", DataError)
    flat = {split for split, (prefix, paths) in splits.items() if _is_flat(prefix, paths)}
    folders = {split: _class_folders(source, prefix) for split, (prefix, _) in splits.items()}
    listed = {"validation"} & flat if wnids else set()
    labelled = [split for split in splits if split not in listed and not (split == "test" and split in flat)]
    if labelled:
        classes = ordered_classes(folders["train" if "train" in labelled else labelled[0]])
    else:
        check(bool(wnids and listed), f"source {source.storage}: its images have no classes", DataError)
        classes = sorted(set(wnids[1].values())) if wnids else []
    for split in labelled:
        _check_classes(split, splits[split][0], splits[split][1], folders[split], classes)
    files, quarantined = {}, []
    for split, (prefix, paths) in splits.items():
        kept, others = sort_photographs(split, prefix, paths, classes if split in labelled else None)
        quarantined += others
        if split in listed and wnids:
            files[split], others = listed_photographs(source, prefix, kept, wnids, classes)
            quarantined += others
        else:
            files[split] = photographs(source, prefix, kept, classes if split in labelled else None)
    names = names_by_wnid(source)
    notes = [numbering_note(classes), *(_masks_note(split, files[split].names) for split in labelled)]
    if is_imagenet_numbering(classes):
        names = dict(zip(classes, imagenet_names(), strict=True))
        notes.append("class folders are numbered 0 to 999: they are taken for ImageNet's classes, and named so")
    return Collection("folders", {}, classes_of(classes, names), files, quarantined, [note for note in notes if note])


def _masks_note(split: str, names: list[str]) -> str | None:
    """A line about images that are hardly photographs of their class, though they lie in its folder; None without."""
    masks = [name for name in names if not MASKS.isdisjoint(name.lower().split("/")[1:-1])]
    if not masks:
        return None
    return (
        f"{split}: {len(masks)} of {len(names)} images, {masks[0]} first, lie in folders that are named as masks are; "
        "they are taken for photographs of their class. Move them away if they are none"
    )


def _is_flat(prefix: str, paths: list[str]) -> bool:
    images = [path for path in paths if is_image(path)]
    return bool(images) and not any("/" in path[len(prefix) :] for path in images)


def sort_photographs(
    split: str, prefix: str, paths: Iterable[str], classes: list[str] | None
) -> tuple[list[str], list[Quarantined]]:
    """Photographs, and files that are none: not named as images or, where there are classes, in no class folder."""
    kept, quarantined = [], []
    for path in paths:
        if is_companion(path):
            continue
        reason = None
        if not is_image(path):
            reason = why_no_image(path)
        elif classes is not None and "/" not in path[len(prefix) :]:
            reason = "lies in no class folder"
        if reason is None:
            kept.append(path)
        else:
            quarantined.append(Quarantined(split, canonical(stem(path)), path, reason))
    return kept, quarantined


def photographs(source: Source, prefix: str, paths: list[str], classes: list[str] | None) -> SplitFiles:
    """Files that lie in class folders below a prefix, or, without classes, unlabelled ones."""
    names = [path[len(prefix) :] for path in paths]
    index = {name: label for label, name in enumerate(classes or [])}
    labels = [index[_class_of(name)] if classes is not None else -1 for name in names]
    sizes = np.array([source.files[path] for path in paths], np.int64)
    return SplitFiles(names, np.array(labels, np.int64), paths, np.zeros(len(paths), np.int64), sizes)


def _class_of(name: str) -> str:
    """Class of a photograph from its path within the split; folders that differ in Unicode form alone are one."""
    return composed(name.partition("/")[0])


def _class_folders(source: Source, prefix: str) -> set[str]:
    depth = len(prefix)
    there = {_class_of(path[depth:]) for path in source.folders if path.startswith(prefix) and path != prefix[:-1]}
    # Object stores have files only.
    return there | {_class_of(path[depth:]) for path in source.files if path.startswith(prefix) and "/" in path[depth:]}


def _check_classes(split: str, prefix: str, paths: list[str], folders: set[str], classes: list[str]) -> None:
    where = prefix.rstrip("/") or "the source"
    images = [path[len(prefix) :] for path in paths if is_image(path)]
    unread = [path[len(prefix) :] for path in paths if is_unread(path)]
    if not images and unread:
        raise DataError(
            f"{where} holds {len(unread)} pictures that cannot be read: {unread[0]}: {why_no_image(unread[0])}"
        )
    if not images and folders:
        raise DataError(f"{where} holds {len(folders)} class folders without photographs; fill them, or remove {where}")
    check(bool(images), f"{where} holds no photographs; fill it or remove it", DataError)
    flat = [name for name in images if "/" not in name]
    check(
        len(flat) < len(images),
        (FLAT_VAL if split == "validation" else FLAT).format(where=where, count=len(flat)),
        DataError,
    )
    deeper = next((name for name in images if WNID.fullmatch(posixpath.basename(posixpath.dirname(name)))), None)
    if deeper and not any(WNID.fullmatch(name) for name in folders):
        wnid = posixpath.basename(posixpath.dirname(deeper))
        raise DataError(
            f"{prefix}{deeper.partition('/')[0]} is no class: classes ({wnid} ...) lie in folders below it; "
            f"move them into {where}"
        )
    filled = {_class_of(name) for name in images if "/" in name}
    if unknown := sorted((folders if split == "train" else filled) - set(classes)):
        raise DataError(f"{prefix}{unknown[0]}: train has no such class; rename or remove it ({len(unknown)} in all)")
    if split == "train" and (empty := sorted(set(classes) - filled)):
        why = next((f", only {name}: {why_no_image(name)}" for name in unread if _class_of(name) == empty[0]), "")
        remedy = "" if why else "; fill it, or remove it"
        raise DataError(f"{prefix}{empty[0]} holds no photographs{why}{remedy} ({len(empty)} in all)")
    odd = [name for name in classes if not WNID.fullmatch(name)]
    if odd and 2 * len(odd) < len(classes):
        raise DataError(
            f"{prefix}{odd[0]} is not named as the others are (n01440764) and would shift their numbers; move it away"
        )
