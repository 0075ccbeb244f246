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
from tests.workflows.bad_input.cases import PHOTOS, folders_with, refused


@refused("the source is not there")
def no_source(source: Path) -> None:
    pass


@refused("the source is an empty folder")
def empty_source(source: Path) -> None:
    source.mkdir()


@refused("the source holds something else")
def other_files_in_source(source: Path) -> None:
    for name in ("notes.txt", "imagenet.zip", "ILSVRC2012_bbox_train_v2.tar.gz"):
        write(source / name, b"?")


@refused("two forms of ImageNet lie side by side")
def two_forms_side_by_side(source: Path) -> None:
    write_tars(source, PHOTOS)
    write_webdataset(source, PHOTOS)


@refused("`--layout` names another form than the folder has")
def wrong_layout_option(source: Path) -> list[str]:
    write_folders(source, PHOTOS)
    return ["--layout", "parquet"]


@refused("more files are unusable than allowed")
def too_many_unusable_files(source: Path) -> list[str]:
    folders_with(source, b"")
    return []


@refused("the data set folder holds other files")
def foreign_data_set_folder(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source.parent / "out" / "data" / "letters.txt", b"private")


@refused("a file is in the data set folder's place")
def file_as_data_set_folder(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source.parent / "out", b"a file")


@refused("`--max-side` with `--short-side`")
def two_resizing_options(source: Path) -> list[str]:
    write_folders(source, PHOTOS)
    return ["--max-side", "256", "--short-side", "256"]


@refused("the source is a file")
def file_as_source(source: Path) -> None:
    write(source, b"?")


@refused("a link leads to a folder above it")
def link_to_folder_above(source: Path) -> None:
    write_folders(source, PHOTOS)
    (source / "train" / WNIDS[0] / "again").symlink_to(source / "train")


@refused("a file's name is not UTF-8")
def name_not_utf_8(source: Path) -> None:
    write_folders(source, PHOTOS)
    shutil.copy(source / "train" / WNIDS[0] / "n01440764_0.JPEG", bytes(source / "train" / WNIDS[0]) + b"/caf\xe9.JPEG")


@refused("a URI holds a password")
def uri_with_password(source: Path) -> list[str]:
    write_folders(source, PHOTOS)
    return ["s3://name:password@bucket/imagenet"]
