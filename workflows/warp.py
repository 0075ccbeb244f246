"""`logpolar warp IN OUT`: the log-polar image of one picture, or the picture of a log-polar image. No Ray."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tyro.conf import OmitArgPrefixes, Positional

from lp_core.errors import DataError, SettingError, StorageError, check
from lp_core.images.decode import ImageError, decode_rgb
from lp_core.images.inverse import Inverse
from lp_core.images.laws import Law, NamedRadius
from lp_core.images.log_polar import LogPolarMap

LARGEST = 8192
"""Largest side of the result in px; our choice, against a slip of the finger."""


@dataclass(frozen=True, kw_only=True)
class MapOptions:
    """How the photograph and the log-polar image belong together."""

    law: Law = "monopole"
    """How the radius grows with the ring."""
    size: int = 224
    """Sectors and rings of the log-polar image, or side of the photograph, in px."""
    fixation: tuple[float, float] | None = None
    """Point of gaze, (y, x) in px of the photograph; its middle unless given."""
    radius: float | NamedRadius = "corner"
    """Outermost radius in px of the photograph, or half its diagonal, or half its shorter side."""
    foveal_scale: float = 1.0
    """The monopole law's a, in px of the photograph."""
    prefilter: bool = True
    """Average over cells that are wider than pixels."""

    def __post_init__(self) -> None:
        check(1 <= self.size <= LARGEST, f"--size is {self.size}; give 1 to {LARGEST}")


DEFAULT = MapOptions()


def warp(
    input: Positional[Path],
    output: Positional[Path],
    geometry: OmitArgPrefixes[MapOptions] = DEFAULT,
    *,
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
        geometry: Sizes and geometry of the map.
        inverse: From log-polar image to photograph.
        inverse_kind: `published` is the inverse that the authors of 2018 had, 1 px off.

    Returns:
        The output path.

    Raises:
        LogpolarError: Something that a person must change, in one line.
    """
    check(output.suffix != "" and _can_write(output), f"{output}: no picture format ends like this; try .png or .jpg")
    check(output.parent.is_dir(), f"{output.parent} is not a folder; create it first")
    check(
        not (output.exists() and input.exists() and output.samefile(input)),
        f"{output} is the picture to read; name another",
    )
    image_HWC = _read(input)
    try:
        if inverse:
            result_HWC, alpha_HW = _inverse_map(image_HWC, geometry).unwarp(image_HWC, inverse=inverse_kind)
            if output.suffix.lower() in (".png", ".webp", ".tiff", ".tif"):
                result_HWC = np.dstack([result_HWC, np.rint(255 * alpha_HW).astype(np.uint8)])
        else:
            result_HWC = _forward_map(image_HWC, geometry).warp(image_HWC)
    except ValueError as error:  # the geometry's: it knows no options
        raise SettingError(str(error)) from None
    _write(output, result_HWC)
    return output


def _forward_map(photograph_HWC: np.ndarray, options: MapOptions) -> LogPolarMap:
    height, width = photograph_HWC.shape[:2]
    return _map((height, width), options.size, options.size, options)


def _inverse_map(image_SRC: np.ndarray, options: MapOptions) -> LogPolarMap:
    sectors, rings = image_SRC.shape[:2]
    return _map((options.size, options.size), sectors, rings, options)


def _map(size: tuple[int, int], sectors: int, rings: int, options: MapOptions) -> LogPolarMap:
    return LogPolarMap(
        size=size,
        sectors=sectors,
        rings=rings,
        law=options.law,
        fixation_yx=options.fixation,
        radius=options.radius,
        foveal_scale=options.foveal_scale,
        prefilter=options.prefilter,
    )


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
