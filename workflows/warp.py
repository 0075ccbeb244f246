"""`logpolar warp IN OUT`: the log-polar image of one picture, or the picture of a log-polar image. No Ray."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from tyro.conf import Positional

from lp_core.errors import DataError, StorageError, check
from lp_core.images.decode import ImageError, decode_rgb
from lp_core.images.inverse import Inverse
from lp_core.images.laws import Law, NamedRadius
from lp_core.images.log_polar import LogPolarMap

LARGEST = 8192
"""Largest side of the result in px; our choice, against a slip of the finger."""


def warp(
    input: Positional[Path],
    output: Positional[Path],
    *,
    law: Law = "monopole",
    size: int = 224,
    fixation: tuple[float, float] | None = None,
    radius: float | NamedRadius = "corner",
    foveal_scale: float = 1.0,
    prefilter: bool = True,
    inverse: bool = False,
    inverse_kind: Inverse = "exact",
) -> Path:
    """Warp one picture and write the result.

    Forwards, a photograph of H x W px becomes a log-polar image of `size` sectors (rows) and `size` rings (columns).
    With `inverse`, a log-polar image becomes the square photograph of `size` x `size` px that it stands for, with
    what no ring saw transparent where the format can show it.

    Args:
        input: Picture to read: JPEG, PNG, or anything else that OpenCV or Pillow reads.
        output: Picture to write; its ending gives the format.
        law: How the radius grows with the ring.
        size: Sectors and rings of the log-polar image, or side of the photograph, in px.
        fixation: Point of gaze, (y, x) in px of the photograph; its middle unless given.
        radius: Outermost radius in px of the photograph, or half its diagonal, or half its shorter side.
        foveal_scale: The monopole law's a, in px of the photograph.
        prefilter: Average over cells that are wider than pixels.
        inverse: From log-polar image to photograph.
        inverse_kind: `published` is the inverse that the authors of 2018 had, 1 px off.

    Returns:
        The output path.

    Raises:
        SettingError: Something that a person must change, in one line.
    """
    check(1 <= size <= LARGEST, f"--size is {size}; give 1 to {LARGEST}")
    check(output.suffix != "" and _can_write(output), f"{output}: no picture format ends like this; try .png or .jpg")
    check(output.parent.is_dir(), f"{output.parent} is not a folder; create it first")
    image_HWC = _read(input)
    rows, columns = image_HWC.shape[:2]
    log_polar = LogPolarMap(
        size=(size, size) if inverse else (rows, columns),
        sectors=rows if inverse else size,
        rings=columns if inverse else size,
        law=law,
        fixation_yx=fixation,
        radius=radius,
        foveal_scale=foveal_scale,
        prefilter=prefilter,
    )
    if inverse:
        result_HWC, alpha_HW = log_polar.unwarp(image_HWC, inverse=inverse_kind)
        if output.suffix.lower() in (".png", ".webp", ".tiff", ".tif"):
            result_HWC = np.dstack([result_HWC, np.rint(255 * alpha_HW).astype(np.uint8)])
    else:
        result_HWC = log_polar.warp(image_HWC)
    _write(output, result_HWC)
    return output


def _read(path: Path) -> np.ndarray:
    try:
        return decode_rgb(path.read_bytes())
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error
    except ImageError as error:
        raise DataError(f"{path}: {error}") from error


def _can_write(path: Path) -> bool:
    return cv2.haveImageWriter(str(path))


def _write(path: Path, image_HWC: np.ndarray) -> None:
    code = cv2.COLOR_RGBA2BGRA if image_HWC.shape[2] == 4 else cv2.COLOR_RGB2BGR
    _, data = cv2.imencode(path.suffix, cv2.cvtColor(image_HWC, code))
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from error
