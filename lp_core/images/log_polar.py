"""The log-polar map between an image and its sectors and rings, both ways.

Knows nothing about networks, files or Ray. Positions are (y, x) in px with (0, 0) the centre of the top left pixel.
Shapes: N images, H W image pixels, C channels, S sectors (angle, rows), R rings (log radius, columns).
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from lp_core.images.sampling import Affine, Band, sample, sample_bands

Law = Literal["monopole", "opencv", "paper-2018"]
NamedRadius = Literal["corner", "inscribed"]

PAPER_CORNER = math.exp(224 / 44.2244) / math.hypot(112, 112)
"""The original authors wrote 44.2244 for 224 / ln(half diagonal); this is what that rounding makes of the radius."""

GRID = 256
"""Positions are whole multiples of 1 / GRID px from the fixation: bilinear weights of 8 bits on pixels of 8 bits are
exact in float32, so turns and mirror images of a photograph come out bit for bit; the error is at most 1/512 px."""


@dataclass(frozen=True, kw_only=True)
class LogPolarMap:
    """Where each cell of a log-polar image looks in an image of one size.

    Cell (s, c) looks at angle `2 pi s / sectors`, clockwise on screen from +x, and at the radius that `law` gives ring
    c. Immutable, hashable and small when pickled: tables are made once per process.

    Source: Schwartz 1977 for the map; docs/LOG_POLAR.md for the laws.
    """

    size: tuple[int, int]
    """Height and width of the image in px."""
    sectors: int = 224
    """Rows of the log-polar image."""
    rings: int = 224
    """Columns of the log-polar image."""
    law: Law = "monopole"
    """How the radius grows with the ring: a(exp(kc) - 1), OpenCV's exp(kc) - 1, or the original authors' exp(kc)."""
    fixation_yx: tuple[float, float] | None = None
    """Point of gaze in px, inside the image or not; unless given the middle (OpenCV and the authors: H/2, W/2)."""
    radius: float | NamedRadius = "corner"
    """Radius that ring R would have, in px: half the diagonal, half the shorter side, or a number (the opencv law takes
    it as OpenCV's maxRadius, one more)."""
    foveal_scale: float = 1.0
    """The monopole's a in px: within it sampling is about linear."""
    fill: float = 0.0
    """Value of cells that look outside the image."""
    prefilter: bool = True
    """Average the image over a cell's footprint where cells are wider than pixels."""

    def __post_init__(self) -> None:
        if min(self.size) < 1 or self.sectors < 1 or self.rings < 1:
            raise ValueError(f"size {self.size}, sectors {self.sectors}, rings {self.rings}: all must be at least 1")
        if self.law not in get_args(Law):
            raise ValueError(f"law '{self.law}' is none of {', '.join(get_args(Law))}")
        if isinstance(self.radius, str) and self.radius not in get_args(NamedRadius):
            raise ValueError(
                f"radius '{self.radius}' is neither a number nor one of {', '.join(get_args(NamedRadius))}"
            )
        if not (math.isfinite(self.outer_radius) and self.outer_radius > (0 if self.law == "monopole" else 1)):
            least = "0" if self.law == "monopole" else "1"
            raise ValueError(f"radius is {self.outer_radius:g} px; the {self.law} law needs more than {least}")
        if not (math.isfinite(self.foveal_scale) and self.foveal_scale > 0):
            raise ValueError(f"foveal_scale is {self.foveal_scale}; give a positive number of px")
        if not all(math.isfinite(coordinate) for coordinate in self.centre_yx):
            raise ValueError(f"fixation_yx is {self.fixation_yx}; give two finite numbers of px")

    @property
    def centre_yx(self) -> tuple[float, float]:
        """The point of gaze in px."""
        if self.fixation_yx is not None:
            return self.fixation_yx
        height, width = self.size
        return ((height - 1) / 2, (width - 1) / 2) if self.law == "monopole" else (height / 2, width / 2)

    @property
    def outer_radius(self) -> float:
        """Radius in px that the law reaches at ring R (for the opencv law: plus one)."""
        height, width = self.size
        if self.radius == "corner":
            return math.hypot(height, width) / 2 * (PAPER_CORNER if self.law == "paper-2018" else 1)
        return min(height, width) / 2 if self.radius == "inscribed" else float(self.radius)

    @property
    def growth(self) -> float:
        """The k of the law: the relative growth of the radius per ring, far from the fixation."""
        ratio = 1 + self.outer_radius / self.foveal_scale if self.law == "monopole" else self.outer_radius
        return math.log(ratio) / self.rings

    def radius_of(self, ring: np.ndarray | float) -> np.ndarray:
        """Radius in px of a ring; fractions and rings beyond the image are meant."""
        grown = np.exp(self.growth * np.asarray(ring, float))
        if self.law == "monopole":
            return self.foveal_scale * (grown - 1)
        return grown - 1 if self.law == "opencv" else grown

    def ring_of(self, radius: np.ndarray | float) -> np.ndarray:
        """Ring (a fraction) at a radius in px; the inverse of `radius_of`. Minus infinity where no ring looks."""
        radius = np.asarray(radius, float)
        with np.errstate(divide="ignore"):
            if self.law == "monopole":
                return np.log1p(radius / self.foveal_scale) / self.growth
            return np.log(radius + 1 if self.law == "opencv" else radius) / self.growth

    def warp(self, image: np.ndarray) -> np.ndarray:
        """The log-polar image of an image, or of each image of a batch.

        Args:
            image: uint8, uint16, int16, float32 or float64 [H, W], [H, W, C] or [N, H, W, C], any C.

        Returns:
            Same dtype, [S, R], [S, R, C] or [N, S, R, C]; `fill` where a cell looks outside the image.

        Raises:
            ValueError: The image has another size than the map.
            TypeError: Another dtype.
        """
        return _each(image, self.size, lambda one: sample_bands(one, _tables(self), self.fill))

    def unwarp(
        self,
        image: np.ndarray,
        *,
        box: tuple[float, float, float, float] | None = None,
        scale: int = 1,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The image that a log-polar image stands for, for display.

        Args:
            image: [S, R], [S, R, C] or [N, S, R, C]; dtypes as in `warp`.
            box: Only this part, (top, left, bottom, right) in cells, half-open; rows wrap around.
            scale: Pixels of the result per px of the image.

        Returns:
            The image, [scale H, scale W, ...], same dtype, `fill` where nothing is known, and its alpha: float32
            [scale H, scale W], 0 where no cell looks (or none of the box), 1 where the cells inside the image do.
        """
        y, x, alpha_HW = _inverse_tables(self, scale)
        if box is not None:
            alpha_HW = alpha_HW * self._covered(box, y, x)

        def one(image_SRC: np.ndarray) -> np.ndarray:
            wrapped = np.concatenate([image_SRC[-1:], image_SRC, image_SRC[:1]])
            image_HWC = sample(wrapped, y + 1, x, fill=None)
            image_HWC[alpha_HW == 0] = self.fill
            return image_HWC

        return _each(image, (self.sectors, self.rings), one), alpha_HW

    def sector_outline(self, box: tuple[float, float, float, float]) -> np.ndarray:
        """Polygon around what a box of cells sees: a sector of an annulus.

        Args:
            box: (top, left, bottom, right) in cells, half-open; rows may lie outside 0..S (they wrap around), columns
                are cut at 0..R.

        Returns:
            float64 [K, 2], (y, x) in px of the image: along the outer arc, back along the inner one.
        """
        top, left, bottom, right = box
        bottom = min(bottom, top + self.sectors)
        inner, outer = (self.radius_of(np.clip(edge, 0, self.rings) - 0.5) for edge in (left, right))
        count = max(2, math.ceil((bottom - top) * 360 / self.sectors / 2) + 1)
        angle_K = (np.linspace(top, bottom, count) - 0.5) * 2 * math.pi / self.sectors
        arc_K2 = np.stack([np.sin(angle_K), np.cos(angle_K)], axis=1)
        around = np.concatenate([max(outer, 0) * arc_K2, max(inner, 0) * arc_K2[::-1]])
        return around + np.array(self.centre_yx)

    def _covered(self, box: tuple[float, float, float, float], y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """1 where the cell that a pixel falls into belongs to the box."""
        top, left, bottom, right = box
        row, column = np.floor(y + 0.5), np.floor(x + 0.5)
        inside = (column >= left) & (column < right) & ((row - top) % self.sectors < bottom - top)
        return inside.astype(np.float32)


def _each(image: np.ndarray, size: tuple[int, int], apply) -> np.ndarray:
    """`apply` to one image or to every image of a batch, after checking the size."""
    if image.ndim not in (2, 3, 4):
        raise ValueError(f"the image has shape {image.shape}; give [H, W], [H, W, C] or [N, H, W, C]")
    shape = image.shape[1:3] if image.ndim == 4 else image.shape[:2]
    if tuple(shape) != tuple(size):
        raise ValueError(
            f"the image is {shape[0]} x {shape[1]} (rows x columns); this map is for {size[0]} x {size[1]}"
        )
    if image.ndim < 4:
        return apply(image)
    return np.stack([apply(one) for one in image]) if len(image) else np.zeros((0, *apply(image[:0]).shape[1:]))


def offsets(log_polar: LogPolarMap) -> tuple[np.ndarray, np.ndarray]:
    """Where cells look, as (y, x) in px from the fixation: two float64 [S, R]."""
    angle_S1 = (2 * math.pi / log_polar.sectors) * np.arange(log_polar.sectors)[:, None]
    radius_R = log_polar.radius_of(np.arange(log_polar.rings))
    return radius_R * np.sin(angle_S1), radius_R * np.cos(angle_S1)


def valid(log_polar: LogPolarMap) -> np.ndarray:
    """True where a cell looks at the image, not beside it: bool [S, R]."""
    (y, x), (cy, cx), (height, width) = offsets(log_polar), log_polar.centre_yx, log_polar.size
    edge = 0.5 if log_polar.law == "monopole" else 0.0
    return (abs(y + cy - (height - 1) / 2) <= (height - 1) / 2 + edge) & (
        abs(x + cx - (width - 1) / 2) <= (width - 1) / 2 + edge
    )


def footprint(log_polar: LogPolarMap) -> np.ndarray:
    """Side in px of the square whose area a cell of each ring stands for: float64 [R]."""
    ring = np.arange(log_polar.rings)
    radial = log_polar.radius_of(ring + 0.5) - log_polar.radius_of(ring - 0.5)
    return np.sqrt(radial * 2 * math.pi * np.abs(log_polar.radius_of(ring)) / log_polar.sectors)


@functools.lru_cache(maxsize=16)
def _tables(log_polar: LogPolarMap) -> tuple[Band, ...]:
    cy, cx = log_polar.centre_yx
    return bands(log_polar, Affine(1.0, cy, 1.0, cx))


@functools.lru_cache(maxsize=16)
def _inverse_tables(log_polar: LogPolarMap, scale: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cell (row, column) that every pixel of the image falls on, and the alpha."""
    (height, width), (cy, cx) = log_polar.size, log_polar.centre_yx
    y = ((np.arange(scale * height) + 0.5) / scale - 0.5 - cy)[:, None]
    x = ((np.arange(scale * width) + 0.5) / scale - 0.5 - cx)[None, :]
    row = np.arctan2(y, x) * log_polar.sectors / (2 * math.pi) % log_polar.sectors
    column = np.maximum(log_polar.ring_of(np.hypot(y, x)), 0)
    alpha_HW = (column <= log_polar.rings - 0.5).astype(np.float32)
    return row.astype(np.float32), np.minimum(column, log_polar.rings - 1).astype(np.float32), alpha_HW


def bands(log_polar: LogPolarMap, view: Affine) -> tuple[Band, ...]:
    """Groups of neighbouring rings that read the same level of the image pyramid.

    Args:
        log_polar: The map.
        view: From offsets in px of the map's image to px of the image that is read.
    """
    y, x = offsets(log_polar)
    level_R = np.zeros(log_polar.rings, int)
    if log_polar.prefilter:
        wide = footprint(log_polar) * math.sqrt(abs(view.y_scale * view.x_scale))
        level_R = np.round(np.log2(np.maximum(wide, 1))).astype(int)
    mask = valid(log_polar)
    edges = [0, *(np.flatnonzero(np.diff(level_R)) + 1), log_polar.rings]
    return tuple(
        Band.of(int(level_R[start]), y[:, start:stop], x[:, start:stop], mask[:, start:stop], view, GRID)
        for start, stop in itertools.pairwise(edges)
    )
