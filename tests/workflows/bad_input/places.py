"""Sources and data set folders that are not what they should be."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.lp_core.indexing.imagenet_forms import (
    WNIDS,
    write,
    write_folders,
    write_tars,
    write_webdataset,
)
from tests.workflows.bad_input.cases import PHOTOS, refused


@refused("the source is not there")
def _(source: Path) -> None:
    pass


@refused("the source is an empty folder")
def _(source: Path) -> None:
    source.mkdir()


@refused("the source holds something else")
def _(source: Path) -> None:
    for name in ("notes.txt", "imagenet.zip", "ILSVRC2012_bbox_train_v2.tar.gz"):
        write(source / name, b"?")


@refused("two forms of ImageNet lie side by side")
def _(source: Path) -> None:
    write_tars(source, PHOTOS)
    write_webdataset(source, PHOTOS)


@refused("`--layout` names another form than the folder has")
def _(source: Path) -> list[str]:
    write_folders(source, PHOTOS)
    return ["--layout", "parquet"]


@refused("more files are unusable than allowed")
def _(source: Path) -> list[str]:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "n01440764_5.JPEG", b"")
    return []


@refused("the data set folder holds other files")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source.parent / "out" / "data" / "letters.txt", b"private")


@refused("a file is in the data set folder's place")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source.parent / "out", b"a file")


@refused("`--max-side` with `--short-side`")
def _(source: Path) -> list[str]:
    write_folders(source, PHOTOS)
    return ["--max-side", "256", "--short-side", "256"]


@refused("the source is a file")
def _(source: Path) -> None:
    write(source, b"?")


@refused("a link leads to a folder above it")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    (source / "train" / WNIDS[0] / "again").symlink_to(source / "train")


@refused("a file's name is not UTF-8")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    shutil.copy(source / "train" / WNIDS[0] / "n01440764_0.JPEG", bytes(source / "train" / WNIDS[0]) + b"/caf\xe9.JPEG")


@refused("a URI holds a password")
def _(source: Path) -> list[str]:
    write_folders(source, PHOTOS)
    return ["s3://name:password@bucket/imagenet"]
