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
from tests.workflows.bad_input.cases import HEIC, PHOTOS, quarantined


@quarantined("an empty file")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "n01440764_5.JPEG", b"")


@quarantined("a link that leads nowhere")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    (source / "train" / WNIDS[0] / "n01440764_5.JPEG").symlink_to("/nowhere")


@quarantined("a web page called .JPEG")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "n01440764_5.JPEG", b"<html>404 Not Found</html>")


@quarantined("a photograph cut in its header")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "n01440764_5.JPEG", jpeg(1)[:100])


@quarantined("a photograph cut in its pixels (seen with `--check`)")
def _(source: Path) -> list[str]:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "n01440764_5.JPEG", jpeg(1)[:-300])
    return ["--check"]


@quarantined("a decompression bomb")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "n01440764_5.JPEG", bomb())


@quarantined("a HEIC photograph")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "IMG_0001.HEIC", HEIC)


@quarantined("a HEIC photograph called .jpg")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "IMG_0001.jpg", HEIC)


@quarantined("a picture of floating-point numbers")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    file = io.BytesIO()
    Image.fromarray(np.full((8, 8), 0.5, np.float32)).save(file, "TIFF")
    write(source / "train" / WNIDS[0] / "n01440764_5.tif", file.getvalue())
