"""Which px of a receptive field to blank, to ask whether what a picture shows is what drives the unit.

Shapes: h w rows and columns of the receptive field. All masks lie within `allowed_hw`, the px that are on the image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

TOP_SHARE = 0.1
"""Share of the px with the most energy that is occluded. Source: the specification."""
DRAWS = 4
"""Random masks or boxes that each one is compared with. Source: our choice; the channels are many."""
MOST_OVERLAP = 0.25
"""Share of a box that an equal box elsewhere may cover. Source: our choice; 0 would leave large boxes without one."""
SHARES = (0.95, 0.75, 0.5, 0.25)
"""Of the energy in the box that is blanked: that of the effective receptive field, or, where its box leaves no room for
an equal one elsewhere, the first share whose box does. Source: our choice."""
EDGE_BINS = 10
"""Groups of equally many px by their edge strength. Source: our choice."""


def strongest(energy_hw: np.ndarray, allowed_hw: np.ndarray, share: float = TOP_SHARE) -> np.ndarray:
    """Return bool [h, w]: a share of the allowed px, at least one, that have the most energy; ties in reading order."""
    count = math.ceil(share * allowed_hw.sum())
    order = np.argsort(-np.where(allowed_hw, energy_hw, -np.inf).ravel(), kind="stable")
    return _mask(order[:count], energy_hw.shape)


def random_mask(count: int, allowed_hw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return bool [h, w]: so many of the allowed px, drawn at random."""
    return _mask(rng.choice(np.flatnonzero(allowed_hw), count, replace=False), allowed_hw.shape)


def edge_matched_mask(
    mask_hw: np.ndarray, edge_hw: np.ndarray, allowed_hw: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return bool [h, w]: random px with as many of each edge strength as a mask has.

    The allowed px are put into `EDGE_BINS` groups by their edge strength. From each group as many are drawn as the mask
    has in it.
    """
    pixels = np.flatnonzero(allowed_hw)
    ordered = pixels[np.argsort(edge_hw.ravel()[pixels], kind="stable")]
    drawn = [
        rng.choice(group, int(mask_hw.ravel()[group].sum()), replace=False)
        for group in np.array_split(ordered, EDGE_BINS)
        if mask_hw.ravel()[group].any()
    ]
    return _mask(np.concatenate(drawn) if drawn else np.zeros(0, np.int64), allowed_hw.shape)


def box_mask(box: Sequence[int], shape_hw: tuple[int, int]) -> np.ndarray:
    """Return bool [h, w]: the px of a box (top, left, bottom, right)."""
    mask_hw = np.zeros(shape_hw, bool)
    top, left, bottom, right = box
    mask_hw[top:bottom, left:right] = True
    return mask_hw


def boxes_elsewhere(
    box: Sequence[int], bounds: Sequence[int], rng: np.random.Generator, draws: int = DRAWS
) -> list[tuple[int, int, int, int]]:
    """Return equal boxes at random places that cover at most `MOST_OVERLAP` of a box; none if there is no such place.

    Args:
        box: (top, left, bottom, right).
        bounds: the box that all must lie in.
        rng: draws among the possible places, without repeating one.
        draws: number of boxes, fewer where there are fewer places.
    """
    top, left, bottom, right = box
    height, width = bottom - top, right - left
    tops = np.arange(bounds[0], bounds[2] - height + 1)
    lefts = np.arange(bounds[1], bounds[3] - width + 1)
    shared = np.maximum(height - abs(tops - top), 0)[:, None] * np.maximum(width - abs(lefts - left), 0)
    possible = np.argwhere(shared <= MOST_OVERLAP * height * width)
    chosen = rng.permutation(len(possible))[:draws]
    return [
        (int(tops[row]), int(lefts[column]), int(tops[row]) + height, int(lefts[column]) + width)
        for row, column in possible[chosen]
    ]


def _mask(pixels: np.ndarray, shape_hw: tuple[int, ...]) -> np.ndarray:
    mask_hw = np.zeros(shape_hw, bool)
    mask_hw.ravel()[pixels] = True
    return mask_hw
