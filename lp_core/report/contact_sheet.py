"""Contact sheets: network inputs of one shape, many on a sheet, for the gallery's close look at an exemplar."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lp_core.report.picture import Picture
from lp_core.settings import ViewSettings

LONGEST = 1792
"""Largest side in px of a contact sheet: 64 pictures of 224 px."""


def contact_sheet(images: Sequence[Picture], columns: int) -> Picture:
    """Pictures of one shape, each in the middle of a square as large as its longer side, on white.

    Args:
        images: uint8 [H, W, 3].
        columns: pictures in a row (`per_row`).

    Returns:
        uint8 [rows * side, columns * side, 3].
    """
    height, width = images[0].shape[:2]
    side = max(height, width)
    drawn = np.full((-(-len(images) // columns) * side, columns * side, 3), 255, np.uint8)
    for number, image in enumerate(images):
        down, across = divmod(number, columns)
        top, left = down * side + (side - height) // 2, across * side + (side - width) // 2
        drawn[top : top + height, left : left + width] = image
    return drawn


def per_row(geometry: ViewSettings) -> int:
    """How many inputs of either view a contact sheet has in a row, and at most in a column."""
    return max(1, LONGEST // max(geometry.shape("log_polar")))
