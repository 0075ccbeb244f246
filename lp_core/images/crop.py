"""Which part of a photograph is seen, and that part resized.

Knows nothing about the log-polar map. Lengths are px of the photograph; pixel i covers [i, i + 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

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
        area = height * width * rng.uniform(*scale)
        aspect = math.exp(rng.uniform(*log_ratio))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            top, left = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
            return Crop(float(top), float(left), float(h), float(w), mirrored)
    w, h = width, height
    if width / height < ratio[0]:
        h = round(width / ratio[0])
    elif width / height > ratio[1]:
        w = round(height * ratio[1])
    return Crop(float((height - h) // 2), float((width - w) // 2), float(h), float(w), mirrored)


def centre_crop(height: int, width: int, share: float) -> Crop:
    """The central square whose side is `share` of the shorter side.

    With share = 0.875 it is what torchvision's Resize(256) + CenterCrop(224) sees; that rounds the resized longer
    side down and the offset to whole px of the resized image, which moves its crop by at most one such pixel.
    """
    side = share * min(height, width)
    return Crop((height - side) / 2, (width - side) / 2, side, side)


def resize_crop(image_HWC: np.ndarray, crop: Crop, size: int) -> np.ndarray:
    """The crop as a square image: bilinear where it grows, area average where it shrinks.

    Args:
        image_HWC: uint8 or float [H, W, C] (or [H, W]).
        crop: Inside the image.
        size: Side of the result in px.

    Returns:
        [size, size, C], same dtype.
    """
    top, left, height, width = (int(edge) for edge in (crop.top, crop.left, crop.height, crop.width))
    if (top, left, height, width) == (crop.top, crop.left, crop.height, crop.width):
        part_HWC = image_HWC[top : top + height, left : left + width]
        shrinks = height >= size and width >= size
        resized = cv2.resize(part_HWC, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    else:
        # Fractional edges: sample n x n points per output pixel, then average them.
        n = max(1, math.ceil(max(crop.height, crop.width) / size))
        y, x = crop.height / (n * size), crop.width / (n * size)
        to_source = np.array([[x, 0, crop.left + x / 2 - 0.5], [0, y, crop.top + y / 2 - 0.5]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        fine = cv2.warpAffine(image_HWC, to_source, (n * size, n * size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        resized = cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA) if n > 1 else fine
    return np.ascontiguousarray(resized[:, ::-1]) if crop.flip else resized
