"""Webdataset archives: numbered tars of samples, each an image and its class: `<key>.jpg`, `<key>.cls`, `<key>.json`.

Endings count in either case, and `<key>.cls.txt` is a class, too. A key is what precedes the first dot, as webdataset
groups samples; where keys have dots themselves (`a.1.jpg`, `a.1.cls`), it is what precedes the class's ending.

Known makers: timm (`imagenet1k-train-0000.tar`, keys such as n01440764_3778) and webdataset's own conversion of
ImageNet (`imagenet-train-000000.tar`, keys that only count).
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from lp_core.errors import DataError, check
from lp_core.indexing.collection import Collection, Quarantined, SplitFiles
from lp_core.indexing.identity.classes import ImageClass, check_wnids, numbered_classes, wnid_of_label
from lp_core.indexing.identity.image_id import canonical, stem
from lp_core.indexing.identity.imagenet import MAX_CLASSES
from lp_core.indexing.sources.archive import Members
from lp_core.indexing.sources.endings import is_image
from lp_core.indexing.sources.leftovers import is_leftover
from lp_core.indexing.sources.source import SPLIT_NAMES, Source, split_of_folder

EXAMPLE = "numbered train-*.tar"
LABELS = (".cls", ".cls.txt", ".json")
"""Endings of members that may tell a class, in the order in which they are asked."""
_NAME = re.compile(r"^(.*[-_.])?(?P<split>train|validation|valid|val|test)[-_.]\d+\.tar$")
_NUMBERED = re.compile(r"(.*[-_.])?\d+\.tar")
_WNID_FOLDER = re.compile(r"(^|/)(?P<wnid>n\d{8})/")


def recognise(source: Source) -> bool:
    """Whether there are numbered archives of a split."""
    return any(_split(name) for name in source.files)


def find(source: Source) -> Collection:
    """List the samples; a class's index is what the samples say.

    Raises:
        DataError: an archive is damaged, or a sample's class is no number from 0.
    """
    shards: dict[str, list[str]] = {}
    for name in source.files:
        if split := _split(name):
            shards.setdefault(split, []).append(name)
    check(bool(shards), f"source {source.storage}: no archives named train-0000.tar, validation-0000.tar", DataError)
    files: dict[str, SplitFiles] = {}
    quarantined: list[Quarantined] = []
    label_of: dict[str, int] = {}
    for split, names in shards.items():
        listed = source.list_archives([source.region(name, LABELS) for name in names])
        samples = _Samples(split, quarantined, label_of)
        for name, members in zip(names, listed, strict=True):
            samples.add(name, members)
        files[split] = samples.files()
    return Collection("webdataset", {}, _classes(files, wnid_of_label(label_of)), files, quarantined)


def _split(name: str) -> str | None:
    """The split that the name of an archive or of its folder states (train/00000.tar)."""
    folder, base = posixpath.split(name)
    if match := _NAME.match(base):
        return SPLIT_NAMES[match["split"]]
    return split_of_folder(posixpath.basename(folder)) if _NUMBERED.fullmatch(base) else None


def _classes(files: dict[str, SplitFiles], wnids: dict[int, str]) -> list[ImageClass]:
    """Classes by wnid where it is known; else ImageNet's if there are 1,000; else they are numbered."""
    labels = np.concatenate(
        [of_split.labels for split, of_split in files.items() if split != "test"] or [np.zeros(0, np.int64)]
    )
    lowest, highest = (int(labels.min()), int(labels.max())) if len(labels) else (0, -1)
    check(
        (lowest, highest) != (1, 1000),
        "the classes count from 1 to 1000, ImageNet's from 0: take 1 from every .cls",
        DataError,
    )
    check_wnids(wnids)
    return numbered_classes(highest + 1, wnids)


class _Samples:
    """The samples of a split, gathered archive by archive."""

    def __init__(self, split: str, quarantined: list[Quarantined], label_of: dict[str, int]) -> None:
        self._split, self._quarantined, self._label_of = split, quarantined, label_of
        self._names: list[str] = []
        self._labels: list[int] = []
        self._holders: list[str] = []
        self._places: list[tuple[int, int]] = []

    def add(self, holder: str, members: Members) -> None:
        """Take the samples of one archive."""
        for name, reason in members.quarantined:
            self._quarantine(holder, name, reason)
        labels = _Labels(holder, members)
        photographs, others = _one_per_key(members.names, labels.key)
        for name, reason in others:
            self._quarantine(holder, name, reason)
        images = {*photographs, *(labels.key(name) for name, _ in others)}
        for key, index in photographs.items():
            name = members.names[index]
            about = labels.about(key)
            label = labels.label(key)
            if label is None and self._split != "test":
                self._quarantine(
                    holder, name, f"its class is missing: no {posixpath.basename(key)}.cls{labels.hint(key)}"
                )
                continue
            self._take(holder, name, about, -1 if label is None else label)
            self._places.append((int(members.offsets[index]), int(members.sizes[index])))
        for name in members.names:
            if is_image(name) or is_leftover(name):
                continue
            if labels.key(name) not in images or not name.lower().endswith((*LABELS, ".txt")):
                self._quarantine(holder, name, "not named as an image, nor the class of one")

    def files(self) -> SplitFiles:
        """All samples so far."""
        places = np.array(self._places, np.int64).reshape(-1, 2)
        labels = np.array(self._labels, np.int64)
        return SplitFiles(self._names, labels, self._holders, places[:, 0].copy(), places[:, 1].copy())

    def _take(self, holder: str, name: str, about: dict[str, Any], label: int) -> None:
        filename = about.get("filename")
        named = filename if isinstance(filename, str) and filename and ".." not in filename else None
        # Converters call every image .jpg; ImageNet calls them .JPEG.
        path = named or (f"{name[: -len('.jpg')]}.JPEG" if name.endswith(".jpg") else name)
        match = _WNID_FOLDER.search(path)
        wnid = match["wnid"] if match else path[:9] if re.match(r"n\d{8}_\d+\.", path) else None
        if wnid and label >= 0:
            other = self._label_of.setdefault(wnid, label)
            check(
                other == label,
                f"{holder}: {name} has label {label}, other photographs of class {wnid} have {other}",
                DataError,
            )
        self._names.append(path)
        self._labels.append(label)
        self._holders.append(holder)

    def _quarantine(self, holder: str, name: str, reason: str) -> None:
        self._quarantined.append(Quarantined(self._split, canonical(stem(name)), f"{holder}:{name}", reason))


class _Labels:
    """The classes that an archive's samples state."""

    def __init__(self, holder: str, members: Members) -> None:
        self._holder, self._names = holder, members.names
        self._data: dict[str, dict[str, bytes]] = {}
        for name, data in members.small.items():
            ending = next(one for one in sorted(LABELS, key=len, reverse=True) if name.lower().endswith(one))
            self._data.setdefault(name[: -len(ending)], {})[ending] = data

    def key(self, name: str) -> str:
        """The sample that a member belongs to: the longest part of its name, up to a dot, that has a class."""
        first = _first_dot(name)
        key = name
        while len(key) > len(first):
            key = key.rpartition(".")[0]
            if key in self._data:
                return key
        return first

    def about(self, key: str) -> dict[str, Any]:
        """What a sample's JSON says."""
        data = self._data.get(key, {}).get(".json")
        if data is None:
            return {}
        try:
            about = json.loads(data)
        except ValueError:
            about = None
        check(isinstance(about, dict), f"{self._holder}: {key}.json is not a JSON object", DataError)
        return about

    def label(self, key: str) -> int | None:
        """The class that a sample states; None if it states none.

        Raises:
            DataError: it is no number of a class, or two members state different ones.
        """
        members = self._data.get(key, {})
        stated: dict[str, Any] = {
            ending: members[ending].decode("latin-1").strip() for ending in LABELS[:2] if ending in members
        }
        if (label := self.about(key).get("label")) is not None:
            stated[".json"] = label
        numbers = {ending: self._number(key, text) for ending, text in stated.items()}
        check(
            len(set(numbers.values())) <= 1,
            f"{self._holder}: {key} has several classes ("
            + ", ".join(f"{number} in {ending}" for ending, number in numbers.items())
            + "); keep one",
            DataError,
        )
        return next(iter(numbers.values()), None)

    def _number(self, key: str, text: Any) -> int:
        number = str(text)
        check(
            number.isascii() and number.isdigit(),
            f"{self._holder}: the class of {key} is {text!r}, not a number from 0",
            DataError,
        )
        digits = number.lstrip("0")
        too_large = len(digits) > len(str(MAX_CLASSES)) or int(digits or 0) >= MAX_CLASSES
        check(
            not too_large,
            f"{self._holder}: the class of {key} is {number[:20]}: more than {MAX_CLASSES} classes; "
            "is it a class's number?",
            DataError,
        )
        return int(number)

    def hint(self, key: str) -> str:
        """What a sample without a class has instead."""
        if key in self._data:
            return ", and no 'label' in its JSON"
        names = [posixpath.basename(name) for name in self._names if _first_dot(name) == _first_dot(key)]
        others = [name for name in names if not is_image(name)]
        return f" (there is {', '.join(others[:3])})" if others else ""


def _first_dot(name: str) -> str:
    """Everything before the first dot of the file's name."""
    folder, base = posixpath.split(name)
    return posixpath.join(folder, base.partition(".")[0])


def _one_per_key(names: list[str], key_of: Callable[[str], str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """The photograph of every key, by its place in the names, and the other images with the reason.

    A photograph has a plain ending (`000.jpg`); masks and thumbnails have longer ones (`000.seg.png`). A key without a
    plain image, or with two, has no photograph: nobody can say which it is.
    """
    images: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        if is_image(name) and not is_leftover(name):
            images.setdefault(key_of(name), []).append(index)
    photographs: dict[str, int] = {}
    others: list[tuple[str, str]] = []
    for key, indices in images.items():
        plain = [index for index in indices if posixpath.splitext(names[index])[0] == key]
        if len(plain) == 1:
            photographs[key] = plain[0]
            reason = f"not the photograph of its key, which is {posixpath.basename(names[plain[0]])}"
        elif plain:
            reason = f"its key has {len(plain)} photographs ({', '.join(names[index] for index in plain)}); keep one"
        else:
            reason = f"its key has no photograph with a plain ending, such as {posixpath.basename(key)}.jpg"
        others += [(names[index], reason) for index in indices if photographs.get(key) != index]
    return photographs, others
