"""Compressed bytes of a photograph -> uint8 RGB pixels, as `PIL.Image.open(...).convert("RGB")` gives them.

OpenCV decodes (see `benchmarks/input_chain.py` for the reason); Pillow reads what OpenCV rejects, or says why not.
"""

from __future__ import annotations

import io
import warnings
from typing import Literal

import cv2
import numpy as np
from PIL import Image

MAX_PIXELS = 178_956_970
"""Largest image decoded, in pixels; a decompression bomb has more. Source: Pillow's `Image.MAX_IMAGE_PIXELS` times 2,
where Pillow stops warning and refuses."""

_RGB = getattr(cv2, "IMREAD_COLOR_RGB", None)
_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


class ImageError(ValueError):
    """Bytes that are no usable image; the message is one line that says why."""


def decode_rgb(data: bytes, *, reduce: Literal[1, 2, 4, 8] = 1) -> np.ndarray:
    """Pixels of a JPEG, PNG or any other image file that OpenCV or Pillow reads.

    The EXIF orientation is not applied (torchvision and the published accuracies do not either), alpha is dropped,
    grey is repeated, CMYK is converted. The file's name is not needed: a PNG called .JPEG is read as what it is.

    Args:
        data: The whole file.
        reduce: Divide the sides by this, rounding up. A JPEG is then decoded from fewer frequencies, which saves up to
            a third of the time; meant for crops that are at least `reduce` times as large as the network's input.

    Returns:
        uint8 [H, W, 3], red first; equal to Pillow's within 1 grey level, and if reduced within 2 levels on average of
        the mean over reduce x reduce pixels.

    Raises:
        ImageError: Empty, truncated, larger than `MAX_PIXELS`, or not an image.
    """
    if not data:
        raise ImageError("the file is empty")
    height, width = image_size(data)
    if height * width > MAX_PIXELS:
        raise ImageError(f"{width} x {height} px is more than the limit of {MAX_PIXELS} px")
    rgb = _RGB if reduce == 1 else None
    flags = (_REDUCED[reduce] if rgb is None else rgb) | cv2.IMREAD_IGNORE_ORIENTATION
    if data[:2] == b"\xff\xd8" and not _ends(data):
        return _reduced(_decode_with_pillow(data), reduce)  # OpenCV 4 would fill in grey without a word
    try:
        image_HWC = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        image_HWC = None
    if image_HWC is None:
        return _reduced(_decode_with_pillow(data), reduce)
    return cv2.cvtColor(image_HWC, cv2.COLOR_BGR2RGB) if rgb is None else image_HWC


def image_size(data: bytes) -> tuple[int, int]:
    """Height and width in px that the header states, without decoding.

    Raises:
        ImageError: Not an image.
    """
    if data[:2] == b"\xff\xd8":
        size = _jpeg_size(data)
        if size is not None:
            return size
    with _pillow(data) as image:
        return image.height, image.width


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Size from a JPEG's first start-of-frame segment: 30 times faster than opening the file with Pillow."""
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker in _START_OF_FRAME:
            return int.from_bytes(data[at + 5 : at + 7], "big"), int.from_bytes(data[at + 7 : at + 9], "big")
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _ends(data: bytes) -> bool:
    """Whether the last scan of a JPEG is followed by the end of an image (thumbnails in the header end earlier)."""
    return data.endswith(b"\xff\xd9") or data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda")


def _reduced(image_HWC: np.ndarray, reduce: int) -> np.ndarray:
    height, width = (-(-side // reduce) for side in image_HWC.shape[:2])
    return image_HWC if reduce == 1 else cv2.resize(image_HWC, (width, height), interpolation=cv2.INTER_AREA)


def _decode_with_pillow(data: bytes) -> np.ndarray:
    with _pillow(data) as image:
        try:
            return np.array(image.convert("RGB"))
        except Exception as error:  # Pillow's plugins raise OSError, SyntaxError, ValueError, struct.error ...
            raise ImageError(f"the file is damaged: {_one_line(error)}") from error


def _pillow(data: bytes) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # corrupt EXIF, bombs below our own limit
        try:
            return Image.open(io.BytesIO(data))
        except Image.DecompressionBombError as error:
            raise ImageError(_one_line(error)) from error
        except Image.UnidentifiedImageError as error:
            raise ImageError(f"not an image: {len(data)} bytes that start with {data[:8]!r}") from error
        except Exception as error:
            raise ImageError(f"the file is damaged: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
