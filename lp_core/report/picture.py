"""A picture as an array: scaled, cut and fitted into its place, marked where it has nothing, and encoded as a file."""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Picture = NDArray[np.uint8]
"""uint8 [h, w, 3], or [h, w, 4] with alpha."""

Window = tuple[slice, slice]
"""Rows and columns of a part of a picture."""

INK, SOFT, FAINT, PAPER = (26, 26, 26), (106, 106, 106), (190, 190, 186), (255, 255, 255)
"""Colours of words, soft words, lines and ground."""
_HATCH_LIGHT, _HATCH_DARK = (246, 246, 244), (205, 205, 200)
QUALITY = 75
"""Of WebP. Our choice: at 50, fine lines of gradients blur; at 90, an atlas is twice as large."""


@functools.lru_cache(maxsize=8)
def hatch(height: int, width: int, period: int = 8) -> Image.Image:
    """The pattern for padding: light diagonal stripes. Kept: whoever draws on it takes a copy."""
    y, x = np.mgrid[:height, :width]
    dark = (x + y) % period < max(1, period // 4)
    return Image.fromarray(np.where(dark[..., None], _HATCH_DARK, _HATCH_LIGHT).astype(np.uint8))


def blank(height: int, width: int) -> Image.Image:
    """The ground of mapped pictures: white."""
    return Image.new("RGB", (width, height), PAPER)


def locator(covered: Picture, side: int) -> Image.Image:
    """A small square for a photograph, grey where the alpha [h, w] (0 to 255) of a part mapped back to it is."""
    # A part of any size must stay visible.
    strengthened = [0] + [max(alpha, 160) for alpha in range(1, 256)]
    silhouette = Image.fromarray(covered).resize((side, side), Image.Resampling.BOX).point(strengthened)
    square = blank(side, side)
    square.paste(SOFT, (0, 0), silhouette)
    ImageDraw.Draw(square).rectangle((0, 0, side - 1, side - 1), outline=FAINT)
    return square


def fitted(picture: Picture, side: int, ground: Image.Image, *, smooth: bool = False) -> Image.Image:
    """The picture scaled into a square of `side` px, centred, over a ground of that size.

    A receptive field of a few px keeps hard pixel edges; `smooth` is for pictures with other pixels.

    Raises:
        ValueError: not uint8 [h, w, 3 or 4].
    """
    _check(picture)
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = Image.Resampling.NEAREST if scale >= 6 and not smooth else Image.Resampling.BICUBIC
    opaque = picture.shape[2] == 3 or bool(picture[..., 3].min() == 255)  # three channels are scaled faster than four
    scaled = Image.fromarray(picture).convert("RGB" if opaque else "RGBA").resize(size, how)
    square = blank(side, side)
    corner = (side - size[0]) // 2, (side - size[1]) // 2
    if opaque:
        square.paste(scaled, corner)
    else:
        square.paste(ground.crop((0, 0, *size)), corner)
        square.paste(scaled, corner, scaled)
    return square


def content(picture: Picture) -> Picture | None:
    """The smallest square (where the picture is large enough for one) around all that is not transparent, if any is."""
    box = Image.fromarray(picture).convert("RGBA").getchannel("A").getbbox()
    if box is None:
        return None
    left, top, right, bottom = box
    height, width = picture.shape[:2]
    side = min(max(right - left, bottom - top), height, width)
    top = min(max(0, (top + bottom - side) // 2), height - side)
    left = min(max(0, (left + right - side) // 2), width - side)
    return picture[top : top + side, left : left + side]


def common_windows(pictures: Sequence[Picture]) -> list[Window]:
    """For each picture a window around what is not transparent, all of one size: that of the largest, and a rim.

    Each window lies as near to the middle of its picture as that allows. Pictures of several sizes stay whole.

    Raises:
        ValueError: not uint8 [h, w, 3 or 4].
    """
    for picture in pictures:
        _check(picture)
    sizes = {picture.shape[:2] for picture in pictures}
    if len(sizes) != 1:
        return [(slice(None), slice(None)) for _ in pictures]
    boxes = [Image.fromarray(picture).convert("RGBA").getchannel("A").getbbox() or (0, 0, 0, 0) for picture in pictures]
    height, width = sizes.pop()
    largest = max(max(right - left, bottom - top) for left, top, right, bottom in boxes) or max(height, width)
    rim = -(-largest // 8)

    def window(start: int, end: int, length: int) -> slice:
        side = min(length, largest + 2 * rim)
        first = min(max((length - side) // 2, end + rim - side), start - rim)
        first = min(max(first, 0), length - side)
        return slice(first, first + side)

    return [(window(top, bottom, height), window(left, right, width)) for left, top, right, bottom in boxes]


def _check(picture: Picture) -> None:
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] not in (3, 4) or 0 in picture.shape:
        raise ValueError(f"a picture is {picture.dtype} {list(picture.shape)}; give uint8 [h, w, 3 or 4]")


def png(picture: Picture) -> bytes:
    """A picture (uint8 RGB or RGBA) as the bytes of a PNG file; equal pictures give equal bytes."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, format="PNG")
    return file.getvalue()


def webp(picture: Picture, quality: int = QUALITY) -> bytes:
    """A picture (uint8 RGB) as the bytes of a WebP file."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, format="WEBP", quality=quality, method=4)
    return file.getvalue()
