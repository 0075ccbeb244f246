"""The log-polar map between an image and its sectors and rings, both ways.

Knows nothing about networks, files or Ray. Positions are (y, x) in px with (0, 0) the centre of the top left pixel.
Shapes: N images, H W image pixels, C channels, S sectors (angle, rows), R rings (log radius, columns).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

import numpy as np

from lp_core.errors import check
from lp_core.images.inverse import Inverse, InverseTable, inverse_table
from lp_core.images.laws import Law, NamedRadius
from lp_core.images.sampling import GRID, Affine, Band, Cells, block_mean, place, rounded, sample

PAPER_CORNER = math.exp(224 / 44.2244) / math.hypot(112, 112)
"""The original authors wrote 44.2244 for 224 / ln(half diagonal); this is what that rounding makes of the radius."""


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
        height, width = self.size
        check(height >= 1 and width >= 1, f"an image of {height} x {width} px has no pixel to look at", ValueError)
        check(
            self.sectors >= 1 and self.rings >= 1,
            f"{self.sectors} sectors, {self.rings} rings: give at least 1 each",
            ValueError,
        )
        check(self.law in get_args(Law), f"law is '{self.law}'; give one of {', '.join(get_args(Law))}", ValueError)
        named = isinstance(self.radius, str)
        check(
            not named or self.radius in get_args(NamedRadius),
            f"radius is '{self.radius}'; give px or one of {', '.join(get_args(NamedRadius))}",
            ValueError,
        )
        least = 0 if self.law == "monopole" else 1  # the others take the radius' logarithm
        check(
            math.isfinite(self.outer_radius) and self.outer_radius > least,
            f"radius is {self.outer_radius:g} px; the {self.law} law needs more than {least}",
            ValueError,
        )
        check(
            math.isfinite(self.foveal_scale) and self.foveal_scale > 0,
            f"foveal_scale is {self.foveal_scale}; give a positive number of px",
            ValueError,
        )
        check(
            len(self.centre_yx) == 2 and all(math.isfinite(coordinate) for coordinate in self.centre_yx),
            f"fixation_yx is {self.fixation_yx}; give two finite numbers of px",
            ValueError,
        )

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
            Same dtype, [S, R], [S, R, C] or [N, S, R, C]; `fill` where a cell looks outside the image. Exact to the
            dtype, but that positions are rounded to 1 / GRID px.

        Raises:
            ValueError: The image has another size than the map.
            TypeError: Another dtype.
        """
        return _each(image, self.size, lambda one: sample(one, bands(self), self.fill))

    def unwarp(
        self,
        image: np.ndarray,
        *,
        box: tuple[float, float, float, float] | None = None,
        scale: int = 1,
        supersample: int = 1,
        inverse: Inverse = "exact",
    ) -> tuple[np.ndarray, np.ndarray]:
        """The image that a log-polar image stands for, for display, and how much of each pixel is known.

        The angle axis is periodic (no seam), cells that look beside the image do not colour it, and nothing is drawn
        outside the sampled disc.

        Args:
            image: [S, R], [S, R, C] or [N, S, R, C]; dtypes as in `warp`.
            box: Only this part, (top, left, bottom, right) in cells, half-open; rows wrap around.
            scale: Pixels of the result per px of the image.
            supersample: n of n x n samples that a pixel is the mean of: 1 gives photographs back most exactly, 4 shows
                what is no smooth image, such as gradients, without losing cells at the fovea.
            inverse: `exact`, or `published`: the inverse that the original authors' OpenCV paired with the paper-2018
                law; it is 1 px off in radius, and redraws the figures as they were.

        Returns:
            The image, [scale H, scale W, ...], same dtype, `fill` where nothing is known, and its alpha: float32
            [scale H, scale W], the share of a pixel's samples that fall on a cell (of the box).

        Raises:
            ValueError: The image has another size than the map, or the law no published inverse.
        """
        table = inverse_table(self, scale * supersample, inverse)
        seen_HW = table.seen_HW if box is None else table.seen_HW * self._covered(box, table)
        alpha_HW = block_mean(seen_HW, supersample)

        def one(image_SRC: np.ndarray) -> np.ndarray:
            image_HWC = table.read(image_SRC, seen_HW, supersample)
            image_HWC[alpha_HW == 0] = rounded(np.array(self.fill), image_HWC.dtype)
            return image_HWC

        return _each(image, (self.sectors, self.rings), one), alpha_HW

    def density(self, scale: int = 1) -> np.ndarray:
        """Cells per px of the image: above 1 the photograph is oversampled, below 1 it was averaged or skipped.

        Returns:
            float32 [scale H, scale W], 0 outside the sampled disc; `np.minimum(density, 1)` is an honest alpha.
        """
        table = inverse_table(self, scale, "exact")
        radius = self.radius_of(np.maximum(table.column, 0.5))
        slope = self.growth * (radius + self.foveal_scale * (self.law == "monopole") + (self.law == "opencv"))
        return (table.seen_HW * self.sectors / (2 * math.pi * radius * slope)).astype(np.float32)

    def looks_outside(self) -> np.ndarray:
        """Return bool [S, R]: cells whose centre lies beside the image, in its fill."""
        height, width = self.size
        angle_S = np.arange(self.sectors) * (2 * math.pi / self.sectors)
        radius_R = self.radius_of(np.arange(self.rings))
        y_SR = self.centre_yx[0] + np.outer(np.sin(angle_S), radius_R)
        x_SR = self.centre_yx[1] + np.outer(np.cos(angle_S), radius_R)
        return (y_SR < -0.5) | (y_SR > height - 0.5) | (x_SR < -0.5) | (x_SR > width - 0.5)

    def looks_within(self, radius: float) -> np.ndarray:
        """Return bool [S, R]: cells whose centre is nearer to the fixation than a radius in px."""
        return np.tile(self.radius_of(np.arange(self.rings)) < radius, (self.sectors, 1))

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

    def _covered(self, box: tuple[float, float, float, float], table: InverseTable) -> np.ndarray:
        """1 where the cell that a pixel falls on belongs to the box."""
        top, left, bottom, right = box
        row, column = np.floor(table.row + 0.5), np.floor(table.column + 0.5)
        inside = (column >= left) & (column < right) & ((row - top) % self.sectors < bottom - top)
        return inside.astype(np.float32)


def _each(image: np.ndarray, size: tuple[int, int], apply: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """`apply` to one image or to every image of a batch, after checking the size."""
    check(
        image.ndim in (2, 3, 4),
        f"the image has shape {image.shape}; give [H, W], [H, W, C] or [N, H, W, C]",
        ValueError,
    )
    rows, columns = image.shape[1:3] if image.ndim == 4 else image.shape[:2]
    check(
        (rows, columns) == tuple(size),
        f"the image has {rows} rows and {columns} columns; this map is for {size[0]} and {size[1]}",
        ValueError,
    )
    if image.ndim < 4:
        return apply(image)
    if len(image) == 0:
        return apply(np.zeros(image.shape[1:], image.dtype))[None][:0]
    return np.stack([apply(one) for one in image])


@functools.lru_cache(maxsize=32)
def cells(log_polar: LogPolarMap) -> Cells:
    """Radii and directions of the cells, as tables made once per process."""
    ring_R, step = np.arange(log_polar.rings), 2 * math.pi / log_polar.sectors
    radius, direction_yx = {}, {}
    for n in (1, 2):
        within = (np.arange(n) + 0.5) / n - 0.5
        angle = ((np.arange(log_polar.sectors)[:, None] + within) * step).ravel()
        radius[n] = log_polar.radius_of((ring_R[:, None] + within).ravel()).astype(np.float32)
        direction_yx[n] = np.stack([np.sin(angle), np.cos(angle)]).astype(np.float32)
    radial = log_polar.radius_of(ring_R + 0.5) - log_polar.radius_of(ring_R - 0.5)
    return Cells(radius, direction_yx, width_R=np.sqrt(radial * step * log_polar.radius_of(ring_R)))


@functools.lru_cache(maxsize=32)
def bands(log_polar: LogPolarMap) -> tuple[Band, ...]:
    """How an image of the map's own size is sampled."""
    cy, cx = log_polar.centre_yx
    return place(cells(log_polar), Affine(1.0, cy, 1.0, cx), prefilter=log_polar.prefilter, grid=GRID)
