"""What files are by the endings of their names: photographs, pictures that cannot be read, or something else."""

from __future__ import annotations

import posixpath

_TORCHVISION = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""Source: torchvision's `IMG_EXTENSIONS`."""
_FURTHER = (
    *(".jfif", ".jpe", ".pjpeg", ".pjp"),  # JPEG, as browsers save it
    *(".gif", ".apng", ".avif"),  # of moving pictures, the first
    *(".jp2", ".j2k", ".jpx", ".dib", ".pbm", ".pnm", ".tga", ".qoi"),
)
"""Formats that Pillow's wheels read without another program."""
IMAGE_ENDINGS = _TORCHVISION + _FURTHER
"""Files with these endings are photographs, in either case."""

_CAMERA = "a camera's raw file"
UNREAD = {
    **dict.fromkeys((".heic", ".heif", ".hif"), "HEIC"),
    ".jxl": "JPEG XL",
    ".svg": "a drawing",
    **dict.fromkeys((".exr", ".hdr", ".pfm"), "floating-point pixels"),
    **dict.fromkeys((".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw"), _CAMERA),
}
"""Ending -> what it is, of pictures that neither OpenCV nor Pillow reads, or not without a choice of how bright."""


def is_image(path: str) -> bool:
    """Whether a file is named as an image that can be read."""
    return path.lower().endswith(IMAGE_ENDINGS)


def is_unread(path: str) -> bool:
    """Whether a file is named as a picture that cannot be read."""
    return _ending(path).lower() in UNREAD


def why_no_image(path: str) -> str:
    """The reason for quarantining a file that is not named as a readable image."""
    ending = _ending(path)
    if is_unread(path):
        return f"{UNREAD[ending.lower()]} ({ending}) is not read; convert it to JPEG or PNG"
    return f"not named as an image ({ending or 'no ending'})"


def _ending(path: str) -> str:
    return posixpath.splitext(path)[1]
