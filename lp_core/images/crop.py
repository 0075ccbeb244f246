"""Which part of a photograph is seen, and that part resized.

Knows nothing about the log-polar map. Lengths are px of the photograph; pixel i covers [i, i + 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from lp_core.images.scratch import scratch

ATTEMPTS = 10
"""Random crops tried before the largest central one is taken. Source: torchvision `RandomResizedCrop.get_params`."""


@dataclass(frozen=True)
class Crop:
    """A rectangle of a photograph, mirrored or not."""

    top: float
    """Upper edge in px."""
    left: float
    """Left edge in px."""
    height: float
    """Height in px."""
    width: float
    """Width in px."""
    flip: bool = False
    """Mirror left and right after cutting."""


def random_crop(
    height: int,
    width: int,
    scale: tuple[float, float],
    ratio: tuple[float, float],
    flip: float,
    rng: np.random.Generator,
) -> Crop:
    """A crop of random place, area and shape, distributed as torchvision's RandomResizedCrop + RandomHorizontalFlip.

    Args:
        height: Of the photograph, in px.
        width: Of the photograph, in px.
        scale: Smallest and largest share of the photograph's area.
        ratio: Smallest and largest width / height; drawn uniformly in its logarithm.
        flip: Probability of a mirror image, 0..1.
        rng: The only source of randomness.

    Returns:
        A crop with whole-number edges.

    Source: torchvision 0.29 `RandomResizedCrop.get_params`.
    """
    mirrored = bool(rng.random() < flip)
    log_ratio = math.log(ratio[0]), math.log(ratio[1])
    for _ in range(ATTEMPTS):
        share, shape, down, right = rng.random(4).tolist()  # one call: this runs once per image and epoch
        area = height * width * (scale[0] + (scale[1] - scale[0]) * share)
        aspect = math.exp(log_ratio[0] + (log_ratio[1] - log_ratio[0]) * shape)
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            top, left = int(down * (height - h + 1)), int(right * (width - w + 1))
            return Crop(float(top), float(left), float(h), float(w), mirrored)
    w, h = width, height
    if width / height < ratio[0]:
        h = round(width / ratio[0])
    elif width / height > ratio[1]:
        w = round(height * ratio[1])
    return Crop(float((height - h) // 2), float((width - w) // 2), float(h), float(w), mirrored)


def centre_crop(height: int, width: int, share: float) -> Crop:
    """The central square whose side is `share` of the shorter side, in whole px.

    With share = 0.875 it is what torchvision's Resize(256) + CenterCrop(224) sees, but for the roundings of either:
    at most half a px of the photograph here, and one px of the resized image there.
    """
    side = max(1, round(share * min(height, width)))
    return Crop(float((height - side) // 2), float((width - side) // 2), float(side), float(side))


def resize_crop(image_HWC: np.ndarray, crop: Crop, size: int) -> np.ndarray:
    """The crop as a square image, antialiased.

    Bilinear where it grows; the mean of 2 x 2 bilinear samples where it shrinks to no less than half, which is nearer
    to torchvision's `antialias=True` than the mean over the pixel's area, and twice as fast; that mean beyond.
    Mean difference from torchvision: 0.5 to 1.2 grey levels.

    Args:
        image_HWC: uint8 or float32 [H, W], or [H, W, C] with up to 4 channels.
        crop: Inside the image.
        size: Side of the result in px.

    Returns:
        [size, size, C], same dtype.

    Source: measured against torchvision 0.29 on ImageNet photographs, `tests/lp_core/images/test_crop.py`.
    """
    shrink = max(crop.height, crop.width) / size
    top, left, height, width = (int(edge) for edge in (crop.top, crop.left, crop.height, crop.width))
    if (top, left, height, width) != (crop.top, crop.left, crop.height, crop.width):
        fine = _between_pixels(image_HWC, crop, size * max(1, math.ceil(shrink)))
    else:
        fine = image_HWC[top : top + height, left : left + width]
        if 1 < shrink <= 2:
            doubled = scratch.array("doubled", (2 * size, 2 * size, *fine.shape[2:]), fine.dtype)
            fine = cv2.resize(fine, (2 * size, 2 * size), dst=doubled, interpolation=cv2.INTER_LINEAR)
        elif shrink > 2:
            # OpenCV takes area means only where both sides shrink.
            smaller = min(width, size), min(height, size)
            fine = cv2.resize(fine, smaller, interpolation=cv2.INTER_AREA)
    grows = fine.shape[0] < size or fine.shape[1] < size
    resized = cv2.resize(fine, (size, size), interpolation=cv2.INTER_LINEAR if grows else cv2.INTER_AREA)
    return cv2.flip(resized, 1) if crop.flip else resized


def turned_crop(
    image_HWC: np.ndarray,
    crop: Crop,
    size: int,
    degrees: float,
    gaze_shift_yx: tuple[float, float] = (0.0, 0.0),
    colour: tuple[int, int, int] = (0, 0, 0),
) -> np.ndarray:
    """The crop as a square image, antialiased as `resize_crop`, turned about a point that comes to its middle.

    One affine map, from the photograph to the result. Whole quarter turns only move pixels.

    Args:
        image_HWC: uint8 [H, W, 3].
        crop: may reach beyond the image.
        size: Side of the result in px.
        degrees: Counterclockwise on the screen; after mirroring.
        gaze_shift_yx: From the middle of the crop to the point, in shares of its sides; after mirroring.
        colour: Of what lies beyond the crop or the image; mixes in between 0.5 and 1.5 px beyond their edge.

    Returns:
        uint8 [size, size, 3].

    Raises:
        ValueError: the crop lies beside the image.
    """
    quarters = round(degrees / 90)
    (height, width), bottom, right = image_HWC.shape[:2], crop.top + crop.height, crop.left + crop.width
    whole = min(crop.top, crop.left) >= 0 and bottom <= height and right <= width
    if whole and degrees == 90 * quarters and gaze_shift_yx == (0.0, 0.0):
        return np.ascontiguousarray(np.rot90(resize_crop(image_HWC, crop, size), quarters))
    part_HWC, inside = crop_part(image_HWC, crop)
    turn = math.radians(degrees - 90 * quarters)
    samples = max(1, math.ceil(max(crop.height, crop.width) / size))
    fine = samples * size
    # From px of the fine result to shares of the crop, with (0, 0) its corner.
    step_yx = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]]) / fine
    start_yx = 0.5 + np.array(gaze_shift_yx) - step_yx.sum(1) * (fine - 1) / 2
    if crop.flip:
        step_yx[1], start_yx[1] = -step_yx[1], 1 - start_yx[1]
    sides, corner = np.array([inside.height, inside.width]), np.array([inside.top, inside.left])
    # One px of the image's own edge all around: without a turn nothing mixes with the colour.
    to_source = np.column_stack([sides[:, None] * step_yx, sides * start_yx + corner - 0.5 + 1])
    padded_HWC = cv2.copyMakeBorder(part_HWC, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    fine_HWC = cv2.warpAffine(
        padded_HWC,
        to_source[::-1, [1, 0, 2]],  # OpenCV counts x first
        (fine, fine),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=colour,
    )
    resized = cv2.resize(fine_HWC, (size, size), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(np.rot90(resized, quarters))


def crop_part(image_HWC: np.ndarray, crop: Crop) -> tuple[np.ndarray, Crop]:
    """The whole px of an image that a crop touches, and the crop's place in them.

    Raises:
        ValueError: the crop lies beside the image.
    """
    top, left = max(0, math.floor(crop.top)), max(0, math.floor(crop.left))
    bottom, right = math.ceil(crop.top + crop.height), math.ceil(crop.left + crop.width)
    height, width = image_HWC.shape[:2]
    if min(bottom, height) <= top or min(right, width) <= left:
        raise ValueError(f"the crop {crop} lies beside the image of {height} x {width} px")
    return image_HWC[top:bottom, left:right], replace(crop, top=crop.top - top, left=crop.left - left)


def _between_pixels(image_HWC: np.ndarray, crop: Crop, size: int) -> np.ndarray:
    """Bilinear samples of a crop whose edges lie between pixels."""
    y, x = crop.height / size, crop.width / size
    to_source = np.array([[x, 0, crop.left + x / 2 - 0.5], [0, y, crop.top + y / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image_HWC, to_source, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
