"""Compressed bytes of a photograph -> uint8 RGB pixels, as `PIL.Image.open(...).convert("RGB")` gives them.

OpenCV decodes most formats (see `benchmarks/input_chain.py` for the reason); Pillow reads those whose colours OpenCV
changes, and what OpenCV rejects, or says why not.
"""

from __future__ import annotations

import io
import warnings
from typing import Literal

import cv2
import numpy as np
from PIL import Image, TiffImagePlugin

from lp_core.pointers import pointer

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
_UNREAD = {
    **dict.fromkeys((b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypheim", b"ftypmif1", b"ftypmsf1"), "a HEIC file"),
    **dict.fromkeys((b"ftypcrx ",), "a camera's raw file"),
}
"""Bytes 4 to 12 of pictures that neither OpenCV nor Pillow reads. Source: brands of HEIF,
ISO/IEC 23008-12; `crx` is Canon's."""
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How a TIFF begins, in either order of bytes; the last two of more than 4 GiB."""
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of a JPEG's segments that state its size. Source: ITU-T T.81, table B.1."""
_HUFFMAN = (0xC0, 0xC1, 0xC2)
"""Those of Huffman-coded frames: baseline, extended sequential and progressive. Source: the same."""


class ImageError(ValueError):
    """Bytes that are no usable image; the message is one line that says why."""


def decode_rgb(data: bytes, *, reduce: Literal[1, 2, 4, 8] = 1) -> np.ndarray:
    """Pixels of a JPEG, PNG or any other image file that OpenCV or Pillow reads.

    Of several pictures in one file (GIF, TIFF, AVIF) the first is taken; 16 bits are divided by 256 (OpenCV's rule).
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
        ImageError: Empty, truncated, larger than `MAX_PIXELS`, not an image, or one of numbers that have no brightness
            (floating point, 32 bits, signed): 8 bits would make it black or white.
    """
    if not data:
        raise ImageError("the file is empty")
    height, width = image_size(data)
    if height * width > MAX_PIXELS:
        raise ImageError(f"{width} x {height} px is more than the limit of {MAX_PIXELS} px")
    rgb = _RGB if reduce == 1 else None
    flags = (_REDUCED[reduce] if rgb is None else rgb) | cv2.IMREAD_IGNORE_ORIENTATION
    cut = data[:2] == b"\xff\xd8" and not _ends(data)  # OpenCV 4 would fill in grey without a word
    if cut or _is_pillow_only(data):
        return _reduced(_decode_with_pillow(data), reduce)
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
        ImageError: Not an image, or one of numbers that have no brightness.
    """
    if data[:2] == b"\xff\xd8":
        size = _jpeg_size(data)
        if size is not None:
            return size
    with _pillow(data) as image:
        # Pillow calls 16 bits "I;16", or "I" in PNG and PGM; "I" elsewhere is 32 bits or signed.
        if image.mode == "F" or (image.mode == "I" and image.format not in ("PNG", "PPM")):
            what = "floating-point" if image.mode == "F" else "32-bit or signed"
            raise ImageError(
                f"its pixels are {what} numbers, whose black and white are not known; convert it to 8 bits"
            )
        return image.height, image.width


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Size from a JPEG's first start-of-frame segment: 30 times faster than opening the file with Pillow."""
    at = _jpeg_frame(data)
    if at is None:
        return None
    return int.from_bytes(data[at + 5 : at + 7], "big"), int.from_bytes(data[at + 7 : at + 9], "big")


def _jpeg_frame(data: bytes) -> int | None:
    """Place of the first start-of-frame segment: marker, length, bits, height, width, number of components."""
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker in _START_OF_FRAME:
            return at
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def is_usual_jpeg(data: bytes) -> bool:
    """Whether a file is a complete JPEG, sequential or progressive, of 8 bits and of grey or three colours."""
    at = _jpeg_frame(data) if data[:2] == b"\xff\xd8" and _ends(data) else None
    return (
        at is not None and data[at + 1] in _HUFFMAN and data[at + 4] == 8 and data[at + 9 : at + 10] in (b"\1", b"\3")
    )


def _ends(data: bytes) -> bool:
    """Whether the last scan of a JPEG is followed by the end of an image (thumbnails in the header end earlier)."""
    return data.endswith(b"\xff\xd9") or data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda")


def _reduced(image_HWC: np.ndarray, reduce: int) -> np.ndarray:
    height, width = (-(-side // reduce) for side in image_HWC.shape[:2])
    return image_HWC if reduce == 1 else cv2.resize(image_HWC, (width, height), interpolation=cv2.INTER_AREA)


def _decode_with_pillow(data: bytes) -> np.ndarray:
    with _pillow(data) as image:
        try:
            if image.mode.startswith("I"):  # of 16 bits, or refused before; Pillow would cut all values at 255
                return np.repeat((np.array(image) >> 8).astype(np.uint8)[..., None], 3, axis=2)
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
            raise ImageError(_why_unknown(data)) from error
        except Exception as error:
            raise ImageError(f"the file is damaged: {_one_line(error)}") from error


def _is_pillow_only(data: bytes) -> bool:
    """Whether OpenCV 5.0 changes a file's colours where it is transparent: GIF, TIFF and AVIF."""
    return data[:4] in (b"GIF8", *_TIFF) or _is_avif(data)


def _is_avif(data: bytes) -> bool:
    return data[4:12] in (b"ftypavif", b"ftypavis")


def _why_unknown(data: bytes) -> str:
    """What a file is that Pillow does not know."""
    if what := pointer(data):
        return what
    if what := _unread(data):
        return f"{what}, which is not read; convert it to JPEG or PNG"
    if _tiff_of_floats(data):
        return "its pixels are floating-point numbers, whose black and white are not known; convert it to 8 bits"
    return f"not an image: {len(data)} bytes that start with {data[:8]!r}"


def _unread(data: bytes) -> str | None:
    if data[:2] == b"\xff\x0a" or data[4:12] == b"JXL \r\n\x87\n":
        return "a JPEG XL file"
    if _is_avif(data):
        return "an AVIF file of a kind that this Pillow does not know"
    return _UNREAD.get(data[4:12])


def _tiff_of_floats(data: bytes) -> bool:
    """Whether a file is a TIFF of floating-point numbers in colour, or a Radiance or portable float map."""
    if data[:2] == b"PF" or data[:10] == b"#?RADIANCE" or data[:4] == b"v/1\x01":
        return True
    if data[:4] not in _TIFF[:2]:
        return False
    try:
        tags = TiffImagePlugin.ImageFileDirectory_v2(data[:8])
        file = io.BytesIO(data)
        file.seek(tags.next)
        tags.load(file)
        return 3 in tags.get(TiffImagePlugin.SAMPLEFORMAT, ())
    except Exception:  # a damaged directory
        return False


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
