"""Log-polar image -> image: which cell every pixel falls on, and reading it there.

Shapes: H W image pixels (times the scale), C channels, S sectors, R rings.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from lp_core.errors import check
from lp_core.images.geometry import LogPolarGeometry, bands
from lp_core.images.sampling import OPENCV_LIMIT, bilinear, block_mean, rounded, sample

KNOWN = 0.25
"""Least weight of known cells in a sample that is drawn; their mean is its value. Source: our choice."""

WHOLE = 0.999
"""A cell whose samples lie on the image by at least this share is known. Source: our choice; 1, but for rounding."""

Inverse = Literal["exact", "published"]
"""`published` is the inverse that the original authors' OpenCV paired with the paper-2018 law."""


@dataclass(frozen=True, eq=False)
class InverseTable:
    """The cell (row, column), in fractions, that every pixel of the scaled image falls on."""

    row: np.ndarray
    """Sector in [0, S), float32 [scale H, scale W]."""
    column: np.ndarray
    """Ring, cut at 0 and R - 1, float32 [scale H, scale W]."""
    seen_HW: np.ndarray
    """1 inside the sampled disc where cells know the image (`KNOWN`), else 0, float32 [scale H, scale W]."""
    known_SR: np.ndarray
    """True for cells whose whole sample lies on the image: bool [S, R]."""

    def read(self, image_SRC: np.ndarray, seen_HW: np.ndarray, n: int) -> np.ndarray:
        """Means over n x n pixels of the table of what is seen and known; 0 where nothing is."""
        flat = image_SRC[..., None] if image_SRC.ndim == 2 else image_SRC
        by_opencv = flat.dtype == np.uint8 and flat.shape[2] <= 3 and max(self.row.shape) < OPENCV_LIMIT
        kind = np.promote_types(flat.dtype, np.float32)
        known_SR1 = self.known_SR[..., None]
        # The share that is known travels as one more channel, through the same samples and means. Both stay fractions
        # until the one is divided by the other: a small share would multiply a rounding.
        stacked = np.concatenate([np.where(known_SR1, flat, 0), known_SR1], axis=2).astype(kind)
        wrapped = np.concatenate([stacked[-1:], stacked, stacked[:1]])
        if by_opencv:
            fine = cv2.remap(wrapped, self.column, self.row + 1, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            fine[seen_HW == 0] = 0
            size = fine.shape[1] // n, fine.shape[0] // n
            mean = cv2.resize(fine, size, interpolation=cv2.INTER_AREA) if n > 1 else fine
        else:
            fine = bilinear(wrapped, self.row + 1, self.column, fill=0)
            mean = block_mean(fine * seen_HW[..., None].astype(kind), n)
        image_HWC, share_HW1 = mean[..., :-1], mean[..., -1:]
        np.divide(image_HWC, share_HW1, out=image_HWC, where=share_HW1 > 0)
        image_HWC = rounded(image_HWC, flat.dtype)
        return np.ascontiguousarray(image_HWC[..., 0] if image_SRC.ndim == 2 else image_HWC)


@functools.lru_cache(maxsize=8)
def inverse_table(geometry: LogPolarGeometry, scale: int, inverse: Inverse) -> InverseTable:
    """Return the table of a geometry for an image `scale` times as large; made once per process.

    Raises:
        ValueError: the geometry's law has no published inverse.
    """
    check(inverse in ("exact", "published"), f"inverse is '{inverse}'; give exact or published", ValueError)
    check(
        inverse == "exact" or geometry.law == "paper-2018",
        f"the {geometry.law} law has no published inverse; only paper-2018 has",
        ValueError,
    )
    (height, width), (cy, cx) = geometry.size, geometry.centre_yx
    y = ((np.arange(scale * height) + 0.5) / scale - 0.5 - cy)[:, None]
    x = ((np.arange(scale * width) + 0.5) / scale - 0.5 - cx)[None, :]
    radius = np.hypot(y, x)
    turned = np.arctan2(y, x) - math.radians(geometry.seam_degrees)
    row = (turned * (geometry.sectors / (2 * math.pi)) % geometry.sectors).astype(np.float32)
    ring = geometry.ring_of(radius + 1 if inverse == "published" else radius)
    last = geometry.rings - 1
    column = np.clip(ring, 0, last).astype(np.float32)
    known_SR = sample(np.ones(geometry.size, np.float32), bands(geometry), fill=0.0) > WHOLE
    wrapped = np.concatenate([known_SR[-1:], known_SR, known_SR[:1]]).astype(np.float32)
    seen_HW = (ring <= last + 0.5) & (bilinear(wrapped, row + 1, column, fill=0) >= KNOWN)
    return InverseTable(
        row=row,
        column=column,
        seen_HW=seen_HW.astype(np.float32),
        known_SR=known_SR,
    )
