"""Which part of a photograph is seen, and that part resized.

Knows nothing about the log-polar map. Lengths are px of the photograph; pixel i covers [i, i + 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

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


def _between_pixels(image_HWC: np.ndarray, crop: Crop, size: int) -> np.ndarray:
    """Bilinear samples of a crop whose edges lie between pixels."""
    y, x = crop.height / size, crop.width / size
    to_source = np.array([[x, 0, crop.left + x / 2 - 0.5], [0, y, crop.top + y / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image_HWC, to_source, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
