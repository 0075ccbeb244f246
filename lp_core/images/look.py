"""How a crop is looked at in a test of tolerance: from where, how turned, how large, and through which mask.

Knows crops and masks, not networks. Positions are (y, x) in px with (0, 0) the centre of the top left pixel.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np

from lp_core.errors import check
from lp_core.images.crop import Crop

MaskName = Literal["none", "disc", "window", "scotoma"]
MaskFill = Literal["mean", "photograph"]
HIDES_OUTSIDE = ("disc", "window")


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a crop is looked at; the default is what a network is evaluated with.

    The crop moves first. Then the gaze moves within it; the picture is scaled and turned about the point of gaze, and
    the mask is centred there. Immutable and hashable.

    Raises:
        ValueError: a field is out of range; the message names it.
    """

    crop_shift_yx: tuple[float, float] = (0.0, 0.0)
    """How far the crop moves over the photograph, in shares of its sides."""
    gaze_shift_yx: tuple[float, float] = (0.0, 0.0)
    """How far the gaze moves within the crop, in shares of its sides, -0.5 to 0.5: a log-polar map is centred there;
    an ordinary view shows the picture shifted so that this point is in its middle."""
    rotation: float = 0.0
    """Degrees that the crop is turned about the point of gaze, counterclockwise on the screen, as `np.rot90` does."""
    scale: float = 1.0
    """How many times larger things appear: the sides of the crop are divided by it."""
    mask: MaskName = "none"
    """`disc` hides what lies beyond half of the crop's side, `window` what lies beyond the radius, `scotoma` what lies
    within it."""
    radius: float = 1.0
    """Of the window or scotoma, in halves of the crop's side; above 0."""
    mask_fill: MaskFill = "mean"
    """What is shown where the mask hides: the mean colour, or another photograph."""

    def __post_init__(self) -> None:
        numbers = (*self.crop_shift_yx, *self.gaze_shift_yx, self.rotation, self.scale, self.radius)
        check(all(map(math.isfinite, numbers)), f"{self}: give finite numbers", ValueError)
        check(
            max(map(abs, self.gaze_shift_yx)) <= 0.5,
            f"gaze_shift_yx is {self.gaze_shift_yx}; give -0.5 to 0.5",
            ValueError,
        )
        check(self.scale > 0, f"scale is {self.scale}; give more than 0", ValueError)
        check(self.mask in get_args(MaskName), f"mask is '{self.mask}'; give one of {get_args(MaskName)}", ValueError)
        check(self.radius > 0, f"radius is {self.radius}; give more than 0", ValueError)
        fills = get_args(MaskFill)
        check(self.mask_fill in fills, f"mask_fill is '{self.mask_fill}'; give one of {fills}", ValueError)

    @property
    def frames(self) -> bool:
        """Whether the mean colour surrounds what is shown, and so replaces the fill of the view beyond the crop."""
        return self.mask in HIDES_OUTSIDE and self.mask_fill == "mean"

    @property
    def mask_radius(self) -> float:
        """The radius of the mask in halves of the crop's side; infinite without a mask."""
        return {"none": math.inf, "disc": 1.0}.get(self.mask, self.radius)

    def crop(self, crop: Crop) -> Crop:
        """Return the part of the photograph that is looked at; edges need not be whole px, nor inside."""
        if (self.crop_shift_yx, self.scale) == ((0.0, 0.0), 1.0):
            return crop
        y, x = self.gaze_shift_yx
        x = -x if crop.flip else x
        height, width = crop.height / self.scale, crop.width / self.scale
        top = crop.top + self.crop_shift_yx[0] * crop.height + (0.5 + y) * (crop.height - height)
        left = crop.left + self.crop_shift_yx[1] * crop.width + (0.5 + x) * (crop.width - width)
        # Whole px stay whole.
        return Crop(round(top, 9), round(left, 9), round(height, 9), round(width, 9), crop.flip)


STRAIGHT = Look()
"""What a network is evaluated with."""


def masked(
    image_HWC: np.ndarray, crop: Crop, look: Look, colour: tuple[int, int, int], other_HWC: np.ndarray | None = None
) -> np.ndarray:
    """Return the photograph with the pixels that a mask hides replaced; itself without a mask.

    Args:
        image_HWC: uint8 [H, W, 3].
        crop: that is looked at (`Look.crop`).
        look: its mask is centred on the gaze; hidden are pixels whose centre lies there.
        colour: of what is hidden, with the mask fill `mean`.
        other_HWC: uint8 [H, W, 3], shown where the mask hides, with the mask fill `photograph`.

    Raises:
        ValueError: the mask fill is `photograph`, and there is no other photograph of this size.
    """
    if look.mask == "none":
        return image_HWC
    size = image_HWC.shape[0], image_HWC.shape[1]
    hidden_HWC = _plain(size, colour) if look.mask_fill == "mean" else other_HWC
    if hidden_HWC is None or hidden_HWC.shape != image_HWC.shape:
        seen = "none" if hidden_HWC is None else f"one of shape {hidden_HWC.shape}"
        raise ValueError(f"the mask shows another photograph, and was given {seen}; give one of {image_HWC.shape}")
    y, x = look.gaze_shift_yx
    centre_yx = (
        crop.top + (0.5 + y) * crop.height - 0.5,
        crop.left + (0.5 + (-x if crop.flip else x)) * crop.width - 0.5,
    )
    radii_yx = look.mask_radius * crop.height / 2, look.mask_radius * crop.width / 2
    shown_HW = _shown(size, centre_yx, radii_yx, look.mask in HIDES_OUTSIDE)
    # Ten times faster than assigning the colour to the hidden pixels, at 224 px.
    return cv2.copyTo(image_HWC, shown_HW, hidden_HWC.copy())


@functools.lru_cache(maxsize=16)  # photographs of a data set often have the same size
def _shown(
    size: tuple[int, int], centre_yx: tuple[float, float], radii_yx: tuple[float, float], inside: bool
) -> np.ndarray:
    """Uint8 [H, W], 1 for pixels within an ellipse, or beyond it."""
    y, x = ((np.arange(n) - at) / radius for n, at, radius in zip(size, centre_yx, radii_yx, strict=True))
    outside_HW = y[:, None] ** 2 + x[None, :] ** 2 > 1
    return (~outside_HW if inside else outside_HW).astype(np.uint8)


@functools.lru_cache(maxsize=4)
def _plain(size: tuple[int, int], colour: tuple[int, int, int]) -> np.ndarray:
    """Uint8 [H, W, 3] of one colour."""
    return np.full((*size, 3), colour, np.uint8)
