"""Log-polar image -> image: which cell every pixel falls on, and reading it there.

Shapes: H W image pixels (times the scale), C channels, S sectors, R rings.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np

from lp_core.errors import check
from lp_core.images.geometry import LogPolarGeometry, bands
from lp_core.images.sampling import OPENCV_LIMIT, bilinear, block_mean, rounded, sample

KNOWN = 0.25
"""Least weight of known cells in a sample that is drawn; their mean is its value. Source: our choice."""

WHOLE = 0.999
"""A cell whose samples lie on the image by at least this share is known. Source: our choice; 1, but for rounding."""

Inverse = Literal["exact", "published", "fisheye"]
"""`published` is the inverse that the original authors' OpenCV paired with the paper-2018 law; `fisheye` draws all
rings equally wide (`LogPolarGeometry.fisheye_ring`)."""


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

    @functools.cached_property
    def _cell(self) -> tuple[np.ndarray, np.ndarray]:
        """Whole row and column of the cell that every pixel falls on, int32 [scale H, scale W]."""
        row = np.floor(self.row + 0.5).astype(np.int32) % np.int32(len(self.known_SR))
        return row, np.floor(self.column + 0.5).astype(np.int32)

    def seen_in(self, box: tuple[float, float, float, float]) -> np.ndarray:
        """`seen_HW`, but 0 where the cell that a pixel falls on lies outside a box; its rows wrap around."""
        (top, left, bottom, right), sectors = box, len(self.known_SR)
        (row, column), top, height = self._cell, top % sectors, bottom - top
        inside = (column >= left) & (column < right)
        if height < sectors:
            inside &= (row >= top) & (row < top + height) | (row < top + height - sectors)
        return self.seen_HW * inside

    def read(self, image_SRC: np.ndarray, seen_HW: np.ndarray, n: int, fill: float) -> np.ndarray:
        """Means over n x n pixels of the table of what is seen and known; `fill` where nothing is.

        Args:
            image_SRC: [S, R] or [S, R, C].
            seen_HW: 1 where pixels of the table are read, else 0.
            n: divides both sides of the table.
            fill: cut to the range of the image's dtype.
        """
        flat = image_SRC[..., None] if image_SRC.ndim == 2 else image_SRC
        rows, columns = _extent(seen_HW, n)
        fine = slice(rows.start * n, rows.stop * n), slice(columns.start * n, columns.stop * n)
        by_opencv = flat.dtype == np.uint8 and flat.shape[2] <= 3 and max(self.row.shape) < OPENCV_LIMIT
        part = (self._part_uint8 if by_opencv else self._part)(flat, seen_HW[fine], n, fine)
        size = self.row.shape[0] // n, self.row.shape[1] // n
        image_HWC = np.full((*size, flat.shape[2]), rounded(np.array(fill), flat.dtype), flat.dtype)
        seen, target = block_mean(seen_HW[fine], n) != 0, image_HWC[rows, columns]
        if by_opencv:  # NumPy takes a hundred times as long
            cv2.copyTo(part, seen.view(np.uint8), target)
        else:
            np.copyto(target, part, where=seen[..., None])
        return image_HWC[..., 0] if image_SRC.ndim == 2 else image_HWC

    def _part(self, image_SRC: np.ndarray, seen_HW: np.ndarray, n: int, fine: tuple[slice, slice]) -> np.ndarray:
        """The means of a part of the table, in the precision of the image."""
        kind = np.promote_types(image_SRC.dtype, np.float32)
        wrapped = self._with_share(image_SRC, kind)
        samples = bilinear(wrapped, self.row[fine] + 1, self.column[fine], fill=0)
        mean = block_mean(samples * seen_HW[..., None].astype(kind), n)
        image_HWC, share_HW1 = mean[..., :-1], mean[..., -1:]
        np.divide(image_HWC, share_HW1, out=image_HWC, where=share_HW1 > 0)
        return rounded(image_HWC, image_SRC.dtype)

    def _part_uint8(self, image_SRC: np.ndarray, seen_HW: np.ndarray, n: int, fine: tuple[slice, slice]) -> np.ndarray:
        """The same of uint8 images, by OpenCV."""
        wrapped = self._with_share(image_SRC, np.dtype(np.float32))
        mean: np.ndarray = cv2.remap(
            wrapped, self.column[fine], self.row[fine] + 1, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        if n > 1:
            mean *= seen_HW[..., None]
            mean = cv2.resize(mean, (mean.shape[1] // n, mean.shape[0] // n), interpolation=cv2.INTER_AREA)
        channels = mean.shape[2]
        share_HW = cv2.extractChannel(mean, channels - 1)
        share_HW += share_HW == 0  # nothing is known there: 0 divided by 1
        mean = cv2.divide(mean, cv2.merge([share_HW] * channels), mean)
        whole = cv2.convertScaleAbs(mean)  # rounded to even, cut to 0..255
        rgb = whole.shape[2] == 4
        return cv2.cvtColor(whole, cv2.COLOR_RGBA2RGB) if rgb else np.ascontiguousarray(whole[..., :-1])

    def _with_share(self, image_SRC: np.ndarray, kind: np.dtype) -> np.ndarray:
        """What is known of the image, and the share that is, with the last row before the first and so on.

        The share travels as one more channel, through the same samples and means. Both stay fractions until the one is
        divided by the other: a small share would multiply a rounding.
        """
        sectors, rings, channels = image_SRC.shape
        wrapped = np.empty((sectors + 2, rings, channels + 1), kind)
        wrapped[1:-1, :, :-1], wrapped[1:-1, :, -1] = image_SRC, self.known_SR
        wrapped[1:-1][~self.known_SR] = 0
        wrapped[0], wrapped[-1] = wrapped[-2], wrapped[1]
        return wrapped


def _extent(seen_HW: np.ndarray, n: int) -> tuple[slice, slice]:
    """Rows and columns around all that is not 0, in blocks of n x n; one block where there is nothing."""
    spans = []
    for axis in (1, 0):
        found = np.flatnonzero(seen_HW.any(axis))
        spans.append(slice(int(found[0]) // n, int(found[-1]) // n + 1) if len(found) else slice(0, 1))
    return spans[0], spans[1]


@functools.lru_cache(maxsize=8)
def inverse_table(geometry: LogPolarGeometry, scale: int, inverse: Inverse) -> InverseTable:
    """Return the table of a geometry for an image `scale` times as large; made once per process.

    Raises:
        ValueError: the geometry's law has no published inverse.
    """
    check(inverse in get_args(Inverse), f"inverse is '{inverse}'; give one of {get_args(Inverse)}", ValueError)
    check(
        inverse != "published" or geometry.law == "paper-2018",
        f"the {geometry.law} law has no published inverse; only paper-2018 has",
        ValueError,
    )
    (height, width), (cy, cx) = geometry.size, geometry.centre_yx
    y = ((np.arange(scale * height) + 0.5) / scale - 0.5 - cy)[:, None]
    x = ((np.arange(scale * width) + 0.5) / scale - 0.5 - cx)[None, :]
    radius = np.hypot(y, x)
    turned = np.arctan2(y, x) - math.radians(geometry.seam_degrees)
    row = (turned * (geometry.sectors / (2 * math.pi)) % geometry.sectors).astype(np.float32)
    if inverse == "fisheye":
        ring = geometry.fisheye_ring(radius)
    else:
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
