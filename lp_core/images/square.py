"""A square of a crop about a point, as large as a network's input."""

from __future__ import annotations

import numpy as np

from lp_core.images.crop import Crop, resize_crop


def square_about(
    image_HWC: np.ndarray,
    crop: Crop,
    size: int,
    share: float = 1.0,
    centre_yx: tuple[float, float] | None = None,
    colour: tuple[int, int, int] = (0, 0, 0),
) -> np.ndarray:
    """Return a square part of a crop, resized; with a share of 1 and no centre it is `resize_crop`.

    Args:
        image_HWC: decoded photograph, uint8 [H, W, 3].
        crop: inside the photograph.
        size: side of the result in px.
        share: side of the square as a share of the crop's, above 0, at most 1.
        centre_yx: of the square, in px of the crop resized to `size`, (0, 0) the centre of the top left pixel; rounded
            to whole px of the result. Unless given the middle.
        colour: of what lies beyond the crop.

    Returns:
        uint8 [size, size, 3].

    Raises:
        ValueError: the share is out of range.
    """
    if not 0 < share <= 1:
        raise ValueError(f"a square of {share} of the crop's side; give more than 0, at most 1")
    whole = round(size / share)
    fine_HWC = resize_crop(image_HWC, crop, whole)
    y, x = centre_yx or ((size - 1) / 2, (size - 1) / 2)
    top, left = (round((at + 0.5) * whole / size - size / 2) for at in (y, x))
    square_SSC = np.empty((size, size, 3), np.uint8)
    square_SSC[:] = colour
    rows, columns = (slice(max(0, -first), max(0, min(size, whole - first))) for first in (top, left))
    seen_HWC = fine_HWC[max(0, top) : max(0, top + size), max(0, left) : max(0, left + size)]
    square_SSC[rows, columns] = seen_HWC
    return square_SSC
