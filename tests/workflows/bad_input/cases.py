"""Kinds of bad input: each function makes one, and returns further arguments of the command, if any."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.lp_core.indexing.imagenet_forms import WNIDS, Photo, jpeg, write, write_folders

PHOTOS = tuple(
    Photo(split, stem, wnid, jpeg(seed))
    for seed, wnid in enumerate(WNIDS)
    for split, stem in (("train", f"{wnid}_{seed}"), ("validation", f"ILSVRC2012_val_{seed + 1:08d}"))
)
"""Six photographs of three classes, nothing wrong with them."""
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
"""How a photograph of an iPhone begins."""
TRAIN_TAR = "ILSVRC2012_img_train.tar"
VAL_TAR = "ILSVRC2012_img_val.tar"

Case = Callable[[Path], list[str] | None]
REFUSED: dict[str, Case] = {}
"""By title: the collection is not indexed."""
QUARANTINED: dict[str, Case] = {}
"""By title: it is, without one file."""


def refused(title: str) -> Callable[[Case], Case]:
    return lambda case: _registered(REFUSED, title, case)


def quarantined(title: str) -> Callable[[Case], Case]:
    return lambda case: _registered(QUARANTINED, title, case)


def _registered(cases: dict[str, Case], title: str, case: Case) -> Case:
    assert title not in REFUSED | QUARANTINED, f"two cases are called {title!r}"
    cases[title] = case
    return case


def replaced(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def folders_with(source: Path, data: bytes, name: str = f"{WNIDS[0]}/n01440764_5.JPEG") -> None:
    """Class folders with one more file of the training split."""
    write_folders(source, PHOTOS)
    write(source / "train" / name, data)
