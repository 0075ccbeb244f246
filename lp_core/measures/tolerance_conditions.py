"""The conditions of the tolerance test: how the same photographs are turned, scaled, shifted and masked.

Every condition is a crop and a look at it. Shifts are shares of the crop's sides, radii shares of half of its side.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lp_core.images.crop import Crop, centre_crop
from lp_core.images.look import STRAIGHT, Look, MaskFill, MaskName

ANGLES = tuple(15.0 * step for step in range(24))
"""Degrees counterclockwise. Source: the specification; retinoto_py mirrors 0 to 180, here the whole circle is seen."""
OCTAVES = tuple(step / 4 for step in range(-4, 5))
"""Logarithms of the scale to base 2. Source: the specification."""
SHIFTS = tuple(step / 10 for step in range(-5, 6))
"""Of the grid of fixations, along either axis: from one edge of the crop to the other. Source: the specification."""
RADII = tuple(0.05 * 20 ** (step / 9) for step in range(10))
"""Of windows and scotomas, in halves of the crop's side: from 0.05 to 1, the inscribed disc, by equal factors.
Source: our choice; Larson & Loschky's radii of 1 to 13.6 degrees are 0.07 to 1.01 of their half picture."""
NEAR = 0.2
"""Distance between the fixations that are averaged, along either axis. Source: our choice, a fifth of the crop."""
MULTI = (1, 5, 9)
"""Numbers of fixations that are averaged: the middle; with the four diagonal ones; all of 3 x 3."""

Transform = Literal[
    "identity",
    "rotation",
    "scale",
    "fixation_crop",
    "fixation_gaze",
    "window",
    "scotoma",
    "window_photograph",
    "scotoma_photograph",
]
Base = Literal["evaluation", "half"]
MASKS: tuple[tuple[Transform, MaskName, MaskFill], ...] = (
    ("window", "window", "mean"),
    ("scotoma", "scotoma", "mean"),
    ("window_photograph", "window", "photograph"),
    ("scotoma_photograph", "scotoma", "photograph"),
)
"""Curves by radius: what is hidden shows the mean colour, or a photograph of another class."""


@dataclass(frozen=True)
class Condition:
    """One way in which every photograph is looked at.

    Args:
        transform: which curve or map it belongs to.
        value: degrees, octaves, shift downwards, or radius.
        value_x: shift to the right; 0 where there is none.
        base: the crop of the evaluation, or half the shorter side, about which zooming out and moving have content.
        look: at that crop.
    """

    transform: Transform
    value: float
    value_x: float
    base: Base
    look: Look

    @property
    def seen(self) -> tuple[Base, Look]:
        """What the network is shown: conditions of several curves may share it."""
        return self.base, self.look


def base_crop(base: Base, height: int, width: int, eval_crop: float) -> Crop:
    """Return the crop of a photograph that is looked at, before the look moves it."""
    return centre_crop(height, width, eval_crop) if base == "evaluation" else half_crop(height, width)


def half_crop(height: int, width: int) -> Crop:
    """Return the central square of half the shorter side; its edges need not be whole px."""
    side = min(height, width) / 2
    return Crop((height - side) / 2, (width - side) / 2, side, side)


@functools.cache
def conditions() -> tuple[Condition, ...]:
    """Return all conditions, the identity first; 316, of which two pairs show the same."""
    made = [Condition("identity", 0.0, 0.0, "evaluation", Look())]
    made += [Condition("rotation", angle, 0.0, "evaluation", Look(rotation=angle, mask="disc")) for angle in ANGLES]
    made += [Condition("scale", octaves, 0.0, "half", Look(scale=2**octaves)) for octaves in OCTAVES]
    grid = [(y, x) for y in SHIFTS for x in SHIFTS]
    made += [Condition("fixation_crop", y, x, "half", Look(crop_shift_yx=(y, x))) for y, x in grid]
    made += [Condition("fixation_gaze", y, x, "evaluation", Look(gaze_shift_yx=(y, x))) for y, x in grid]
    for transform, mask, fill in MASKS:
        looks = [Look(mask=mask, radius=radius, mask_fill=fill) for radius in RADII]
        made += [Condition(transform, look.radius, 0.0, "evaluation", look) for look in looks]
    return tuple(made)


def random_mask(probability: float, rng: np.random.Generator) -> Look:
    """Return a window or a scotoma, equally often, or the usual look.

    The logarithm of the radius is uniform over the range of `RADII`, and the fill is the mean colour.

    Args:
        probability: of a mask.
        rng: draws it.
    """
    masks, is_window, share = rng.random(3).tolist()
    if masks >= probability:
        return STRAIGHT
    radius = RADII[0] * (RADII[-1] / RADII[0]) ** share
    return Look(mask="window" if is_window < 0.5 else "scotoma", radius=radius)


def fixations(transform: Transform, number: int) -> list[int]:
    """Return which conditions are averaged as `number` fixations of a grid, the middle first.

    Args:
        transform: `fixation_crop` or `fixation_gaze`.
        number: of `MULTI`.
    """
    corners = [(y, x) for y in (-NEAR, NEAR) for x in (-NEAR, NEAR)]
    sides = [(-NEAR, 0.0), (0.0, -NEAR), (0.0, NEAR), (NEAR, 0.0)]
    places = {
        (condition.value, condition.value_x): index
        for index, condition in enumerate(conditions())
        if condition.transform == transform
    }
    return [places[place] for place in [(0.0, 0.0), *corners, *sides][:number]]
