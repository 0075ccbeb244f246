"""Files that are no photographs."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from tests.lp_core.indexing.imagenet_forms import (
    WNIDS,
    bomb,
    jpeg,
    write,
    write_folders,
)
from tests.workflows.bad_input.cases import HEIC, PHOTOS, folders_with, quarantined


@quarantined("an empty file")
def empty_file(source: Path) -> None:
    folders_with(source, b"")


@quarantined("a link that leads nowhere")
def broken_link(source: Path) -> None:
    write_folders(source, PHOTOS)
    (source / "train" / WNIDS[0] / "n01440764_5.JPEG").symlink_to("/nowhere")


@quarantined("a web page called .JPEG")
def web_page_as_photograph(source: Path) -> None:
    folders_with(source, b"<html>404 Not Found</html>")


@quarantined("a photograph cut in its header")
def photograph_cut_in_header(source: Path) -> None:
    folders_with(source, jpeg(1)[:100])


@quarantined("a photograph cut in its pixels (seen with `--check`)")
def photograph_cut_in_pixels(source: Path) -> list[str]:
    folders_with(source, jpeg(1)[:-300])
    return ["--check"]


@quarantined("a decompression bomb")
def decompression_bomb(source: Path) -> None:
    folders_with(source, bomb())


@quarantined("a HEIC photograph")
def heic_photograph(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "IMG_0001.HEIC", HEIC)


@quarantined("a HEIC photograph called .jpg")
def heic_photograph_called_jpg(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "IMG_0001.jpg", HEIC)


@quarantined("a picture of floating-point numbers")
def picture_floating_point_numbers(source: Path) -> None:
    write_folders(source, PHOTOS)
    file = io.BytesIO()
    Image.fromarray(np.full((8, 8), 0.5, np.float32)).save(file, "TIFF")
    write(source / "train" / WNIDS[0] / "n01440764_5.tif", file.getvalue())
