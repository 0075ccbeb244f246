"""How much of their activation channels keep while the images that excite them most are turned and scaled.

The nine of a channel were chosen as extremes on the crop of the evaluation, so anything lowers them there. They are
measured on other crops, where the straight look is no extreme either.
Shapes: M items (an image and a channel that it excites), L looks, C channels.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from lp_core.images.crop import Crop, centre_crop
from lp_core.images.look import Look
from lp_core.measures.tolerance_conditions import ANGLES, OCTAVES

OTHER_CROP = 0.8
"""Largest side of what is shown, as a share of the evaluation's crop: turned crops have it, scaled ones half of it, so
that zooming out by an octave does not come back to the crop on which the images were chosen. Source: our choice."""
TRANSFORMS = {"rotation": ANGLES, "scale": OCTAVES}
"""Values of the looks, in their order."""
STRAIGHT_AT = {"rotation": 0, "scale": len(OCTAVES) // 2}
"""Which value changes nothing."""


@functools.cache
def retention_looks() -> tuple[tuple[str, Look], ...]:
    """Return the looks with their transforms, rotations first."""
    turned = [("rotation", Look(rotation=angle, mask="disc")) for angle in ANGLES]
    return (*turned, *(("scale", Look(scale=2**octaves)) for octaves in OCTAVES))


def other_crop(transform: str, height: int, width: int, eval_crop: float) -> Crop:
    """Return the crop that channels are measured on: not that on which their images were chosen."""
    return centre_crop(height, width, OTHER_CROP * eval_crop * (2 ** min(OCTAVES) if transform == "scale" else 1))


def looks_of(transform: str) -> list[int]:
    """Return the places of a transform's looks."""
    return [place for place, (name, _) in enumerate(retention_looks()) if name == transform]


def retention(value_ML: np.ndarray, channel_M: np.ndarray, channels: int, transform: str) -> np.ndarray:
    """Return each channel's activation under a transform over that of the straight look, float64 [C, L'].

    Sums over the channel's images are divided, not single images: one that is silent on the other crop counts with the
    others. NaN for channels that are silent in all of them.

    Args:
        value_ML: peaks of the channel of each item, float32.
        channel_M: int, the channel of each item.
        channels: C.
        transform: `rotation` or `scale`.
    """
    mine_ML = value_ML[:, looks_of(transform)].astype(np.float64)
    sum_CL = np.zeros((channels, mine_ML.shape[1]))
    np.add.at(sum_CL, channel_M, mine_ML)
    straight_C1 = sum_CL[:, [STRAIGHT_AT[transform]]]
    return np.divide(sum_CL, straight_C1, out=np.full_like(sum_CL, math.nan), where=straight_C1 > 0)


def half_angle(kept_A: np.ndarray) -> float:
    """Return the smallest angle up to 180 degrees at which at most half is kept, either way round; infinity if none.

    Args:
        kept_A: shares that are kept, by `ANGLES`.
    """
    both_A = np.minimum(kept_A, np.concatenate([kept_A[:1], kept_A[:0:-1]]))
    lost = [angle for angle, kept in zip(ANGLES, both_A.tolist(), strict=True) if angle <= 180 and kept <= 0.5]
    return min(lost, default=math.inf)
