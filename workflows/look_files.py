"""Which photographs `logpolar look` reads, which annotations belong to them, and where it draws."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lp_core.dataset.boxes import Boxes, read_boxes
from lp_core.errors import DataError, StorageError, check
from lp_core.images.decode import ImageError, decode_rgb
from lp_core.indexing.sources.endings import is_image

DRAWN = ".look.png"
"""What the names of our pictures end with; they are no photographs to look at."""


@dataclass(frozen=True)
class LookFile:
    """A photograph, and the picture that is drawn of it."""

    photograph: Path
    picture: Path


def look_files(words: Sequence[str], out: str | None) -> tuple[list[LookFile], int]:
    """Return the photographs that are named, each once, and how many other files the folders hold.

    Args:
        words: pictures, or folders, which are searched with all folders in them.
        out: folder for the drawings, or a file for one of them; None for beside the photographs.

    Raises:
        LogpolarError: something is not there, a folder holds no picture, two drawings would have one name, or a folder
            cannot be written.
    """
    named: dict[Path, Path] = {}  # photograph -> its path within the folder that was named
    others = 0
    for word in words:
        path = Path(word).expanduser()
        if not path.is_dir():
            check(path.exists(), f"{path} does not exist", DataError)
            named.setdefault(path, Path(path.name))
            continue
        files = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.endswith(DRAWN))
        images = [file for file in files if is_image(file.name)]
        check(bool(images), f"{path} holds no pictures, only {len(files)} other files", DataError)
        others += len(files) - len(images)
        for file in images:
            named.setdefault(file, file.relative_to(path))
    return [
        LookFile(photograph, _picture(photograph, within, out, len(named))) for photograph, within in named.items()
    ], others


def _picture(photograph: Path, within: Path, out: str | None, number: int) -> Path:
    if out is None:
        return photograph.with_name(photograph.name + DRAWN)
    if out.lower().endswith(".png"):
        check(number == 1, f"--out {out} is one picture, there are {number} photographs; give a folder")
        return Path(out).expanduser()
    return Path(out).expanduser() / within.with_name(within.name + DRAWN)


def check_pictures(files: Sequence[LookFile]) -> None:
    """Make the folders of the drawings, and check that each can be written and has a name of its own.

    Raises:
        LogpolarError: two photographs have one drawing, a drawing is a photograph, or a folder cannot be written.
    """
    drawn = Counter(file.picture for file in files)
    for file in files:
        two = f"{file.picture} would be drawn of {drawn[file.picture]} photographs; look at them with different --out"
        check(drawn[file.picture] == 1, two)
        same = file.picture.exists() and any(file.picture.samefile(other.photograph) for other in files)
        check(not same, f"{file.picture} is a photograph to look at; name another")
    for folder in {file.picture.parent for file in files}:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{folder} cannot be made: {error.strerror}; give another --out") from None
        check(os.access(folder, os.W_OK), f"{folder} cannot be written; give --out FOLDER", StorageError)


def read_photograph(path: Path) -> np.ndarray:
    """Return the pixels of a photograph, uint8 [H, W, 3].

    Raises:
        LogpolarError: it cannot be read, or is no image.
    """
    try:
        return decode_rgb(path.read_bytes())
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from None
    except ImageError as error:
        raise DataError(f"{path}: {error}") from None


def boxes_of(photograph: Path, folder: str) -> Boxes | None:
    """Return the boxes of a photograph; None if it has no annotation.

    Args:
        photograph: its name, with another ending, is that of the annotation.
        folder: that holds the annotations, or folders of them that are named as those of the photographs.

    Raises:
        LogpolarError: the annotation cannot be read, or is none.
    """
    name = f"{photograph.stem}.xml"
    for path in (Path(folder).expanduser() / name, Path(folder).expanduser() / photograph.parent.name / name):
        if path.is_file():
            try:
                return read_boxes(path.read_bytes(), str(path))
            except OSError as error:
                raise StorageError(f"{path} cannot be read: {error.strerror}") from None
    return None


def write_picture(path: Path, data: bytes) -> None:
    """Write a drawing.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from None
