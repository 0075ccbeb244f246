"""Reading an image at given positions, from the level of its pyramid that fits how far apart they are."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

DTYPES = ("uint8", "uint16", "int16", "float32", "float64")


@dataclass(frozen=True)
class Affine:
    """y -> y_scale * y + y_offset, and the same for x: px of a view -> px of the image that is read."""

    y_scale: float
    y_offset: float
    x_scale: float
    x_offset: float


@dataclass(frozen=True, eq=False)
class Band:
    """Cells of neighbouring rings, and where they look in one level of the pyramid (level l is 2**l times smaller)."""

    level: int
    y: np.ndarray
    x: np.ndarray
    outside: np.ndarray

    @classmethod
    def of(cls, level: int, y: np.ndarray, x: np.ndarray, mask: np.ndarray, view: Affine, grid: int) -> Band:
        """The band for offsets (y, x) from the fixation; positions are rounded to 1 / grid px of the level."""
        shrink = 0.5**level

        def place(offset: np.ndarray, scale: float, centre: float) -> np.ndarray:
            fine = np.round(offset * (scale * shrink * grid)) / grid
            return (fine + ((centre + 0.5) * shrink - 0.5)).astype(np.float32)

        at_y, at_x = place(y, view.y_scale, view.y_offset), place(x, view.x_scale, view.x_offset)
        return cls(level, np.ascontiguousarray(at_y), np.ascontiguousarray(at_x), ~mask)


def sample_bands(image_HWC: np.ndarray, bands: tuple[Band, ...], fill: float) -> np.ndarray:
    """The cells of all bands side by side: [S, R, C]."""
    pyramid = [image_HWC]
    for _ in range(max(band.level for band in bands)):
        pyramid.append(half(pyramid[-1]))
    parts = []
    for band in bands:
        part = sample(pyramid[band.level], band.y, band.x, fill=None)
        part[band.outside] = fill
        parts.append(part)
    return np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]


def half(image_HWC: np.ndarray) -> np.ndarray:
    """Mean of every 2 x 2 pixels; an odd last row or column is repeated first."""
    height, width = image_HWC.shape[:2]
    if height % 2 or width % 2:
        pad = ((0, height % 2), (0, width % 2)) + ((0, 0),) * (image_HWC.ndim - 2)
        image_HWC = np.pad(image_HWC, pad, mode="edge")
    return _by_channels(
        image_HWC,
        lambda part: cv2.resize(part, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA),
    )


def sample(image_HWC: np.ndarray, y: np.ndarray, x: np.ndarray, fill: float | None) -> np.ndarray:
    """Bilinear samples; beyond the outermost pixel centres `fill` mixes in, or the edge is continued (None).

    Args:
        image_HWC: [H, W] or [H, W, C], a dtype of `DTYPES`.
        y: Rows, float32 [S, R].
        x: Columns, float32 [S, R].
        fill: Value outside.

    Returns:
        Same dtype, [S, R] or [S, R, C].
    """
    if image_HWC.dtype.name not in DTYPES:
        raise TypeError(f"the image holds {image_HWC.dtype}; convert it to one of {', '.join(DTYPES)}")
    border = cv2.BORDER_REPLICATE if fill is None else cv2.BORDER_CONSTANT
    value = (fill or 0.0,) * 4
    return _by_channels(
        image_HWC,
        lambda part: cv2.remap(part, x, y, cv2.INTER_LINEAR, borderMode=border, borderValue=value),
    )


def _by_channels(image_HWC: np.ndarray, apply) -> np.ndarray:
    """`apply` to at most four channels at a time (OpenCV's limit), keeping the number of axes."""
    if image_HWC.ndim == 2 or image_HWC.shape[2] <= 4:
        out = apply(np.ascontiguousarray(image_HWC))
        return out.reshape(*out.shape[:2], *image_HWC.shape[2:])
    parts = [_by_channels(image_HWC[..., at : at + 4], apply) for at in range(0, image_HWC.shape[2], 4)]
    return np.concatenate(parts, axis=2)
