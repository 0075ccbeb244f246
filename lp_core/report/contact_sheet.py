"""Contact sheets: network inputs of one size, many on a sheet, for the gallery's close look at an exemplar."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lp_core.report.picture import Picture

LONGEST = 1792
"""Largest side in px of a contact sheet: 64 pictures of 224 px."""


def contact_sheet(images: Sequence[Picture]) -> Picture:
    """Pictures of one size, row by row, `per_row(size)` in a row: uint8 [rows * size, columns * size, 3]."""
    size = images[0].shape[0]
    columns = per_row(size)
    rows = -(-len(images) // columns)
    drawn = np.full((rows * size, columns * size, 3), 255, np.uint8)
    for number, image in enumerate(images):
        down, across = divmod(number, columns)
        drawn[down * size : (down + 1) * size, across * size : (across + 1) * size] = image
    return drawn


def per_row(size: int) -> int:
    """How many pictures of `size` px a contact sheet has in a row, and at most in a column."""
    return max(1, LONGEST // size)
