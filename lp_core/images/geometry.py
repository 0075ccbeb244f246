"""Where the cells of a log-polar image look: centre, radius of each ring, and the tables for sampling.

Knows positions only; `log_polar.py` and `inverse.py` read pixels at them. Positions are (y, x) in px with (0, 0) the
centre of the top left pixel. Shapes: H W image pixels, S sectors (angle, rows), R rings (log radius, columns).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import get_args

import numpy as np

from lp_core.errors import check
from lp_core.images.laws import LAWS, Law, NamedRadius
from lp_core.images.sampling import GRID, Affine, Band, Cells, sampling_bands

OUTLINE_DEGREES = 2
"""Largest angle between two corners of an outline. Source: our choice; the chord stays within 0.02 % of the radius."""


@dataclass(frozen=True, kw_only=True)
class LogPolarGeometry:
    """Where each cell of a log-polar image looks in an image of one size.

    Cell (s, c) looks at angle `2 pi s / sectors` from the seam, clockwise on screen, and at the radius that `law` gives
    ring c. Immutable, hashable and small when pickled: tables are made once per process.

    Raises:
        ValueError: a field is out of range; the message names it.

    Source: Schwartz 1977 for the map; docs/LOG_POLAR.md for the laws.
    """

    size: tuple[int, int]
    """Height and width of the image in px."""
    sectors: int = 224
    """Rows of the log-polar image. Source of both defaults: VGG-16's input."""
    rings: int = 224
    """Columns of the log-polar image."""
    law: Law = "monopole"
    """How the radius grows with the ring (`lp_core/images/laws.py`)."""
    fixation_yx: tuple[float, float] | None = None
    """Point of gaze in px, inside the image or not; unless given the middle (OpenCV and the authors: H/2, W/2)."""
    radius: float | NamedRadius = "corner"
    """Radius that ring R would have, in px: half the diagonal, half the shorter side, or a number (the opencv law takes
    it as OpenCV's maxRadius, one more)."""
    foveal_scale: float = 1.0
    """The monopole's a in px: within it sampling is about linear."""
    prefilter: bool = True
    """Average the image over a cell's footprint where cells are wider than pixels."""
    seam_degrees: float = 0.0
    """Angle of sector 0, clockwise on screen from +x: between it and the last sector the circle is cut open."""

    def __post_init__(self) -> None:
        height, width = self.size
        check(height >= 1 and width >= 1, f"an image of {height} x {width} px has no pixel to look at", ValueError)
        check(
            self.sectors >= 1 and self.rings >= 1,
            f"{self.sectors} sectors, {self.rings} rings: give at least 1 each",
            ValueError,
        )
        check(self.law in LAWS, f"law is '{self.law}'; give one of {', '.join(LAWS)}", ValueError)
        named = isinstance(self.radius, str)
        check(
            not named or self.radius in get_args(NamedRadius),
            f"radius is '{self.radius}'; give px or one of {', '.join(get_args(NamedRadius))}",
            ValueError,
        )
        least = LAWS[self.law].least_outer_radius
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
        check(
            math.isfinite(self.seam_degrees),
            f"seam_degrees is {self.seam_degrees}; give a finite number of degrees",
            ValueError,
        )

    @property
    def centre_yx(self) -> tuple[float, float]:
        """The point of gaze in px."""
        if self.fixation_yx is not None:
            return self.fixation_yx
        height, width = self.size
        shift = LAWS[self.law].centre_shift
        return height / 2 + shift, width / 2 + shift

    @property
    def outer_radius(self) -> float:
        """Radius in px that the law reaches at ring R (for the opencv law: plus one)."""
        height, width = self.size
        if self.radius == "corner":
            return math.hypot(height, width) / 2 * LAWS[self.law].corner
        return min(height, width) / 2 if self.radius == "inscribed" else float(self.radius)

    @property
    def growth(self) -> float:
        """The k of the law: the relative growth of the radius per ring, far from the fixation."""
        return math.log(LAWS[self.law].outer_growth(self.outer_radius, self.foveal_scale)) / self.rings

    def angle_of(self, sector: np.ndarray | float) -> np.ndarray:
        """Return the angle of a sector, which may be a fraction, in radians clockwise on screen from +x."""
        return np.asarray(sector, float) * (2 * math.pi / self.sectors) + math.radians(self.seam_degrees)

    def radius_of(self, ring: np.ndarray | float) -> np.ndarray:
        """Return the radius in px of a ring, which may be a fraction or lie beyond the image."""
        grown = np.exp(self.growth * np.asarray(ring, float))
        return LAWS[self.law].radius(grown, self.foveal_scale)

    def ring_of(self, radius: np.ndarray | float) -> np.ndarray:
        """Return the ring (a fraction) at a radius in px: the inverse of `radius_of`; -inf where no ring looks."""
        with np.errstate(divide="ignore"):
            return LAWS[self.law].exponent(np.asarray(radius, float), self.foveal_scale) / self.growth

    def fisheye_ring(self, radius: np.ndarray | float) -> np.ndarray:
        """Return the ring (a fraction) that is drawn at a radius in px where all rings are equally wide.

        Nearest points of the image's edges stay where they are.
        """
        edge = min(self.size) / 2
        return np.asarray(radius, float) * (self.ring_of(edge) / edge)

    def ring_width(self, radius: np.ndarray) -> np.ndarray:
        """Return the width in px of the ring at a radius in px: the derivative of `radius_of`."""
        return self.growth * LAWS[self.law].slope(radius, self.foveal_scale)

    def looks_outside(self) -> np.ndarray:
        """Return bool [S, R]: cells whose centre lies beside the image, in its fill."""
        height, width = self.size
        angle_S = self.angle_of(np.arange(self.sectors))
        radius_R = self.radius_of(np.arange(self.rings))
        y_SR = self.centre_yx[0] + np.outer(np.sin(angle_S), radius_R)
        x_SR = self.centre_yx[1] + np.outer(np.cos(angle_S), radius_R)
        return (y_SR < -0.5) | (y_SR > height - 0.5) | (x_SR < -0.5) | (x_SR > width - 0.5)

    def looks_within(self, radius: float) -> np.ndarray:
        """Return bool [S, R]: cells whose centre is nearer to the fixation than a radius in px."""
        return np.tile(self.radius_of(np.arange(self.rings)) < radius, (self.sectors, 1))

    def sector_outline(self, box: tuple[float, float, float, float]) -> np.ndarray:
        """Return the polygon around what a box of cells sees: a sector of an annulus.

        Args:
            box: (top, left, bottom, right) in cells, half-open; rows may lie outside 0..S (they wrap around), columns
                are cut at 0..R.

        Returns:
            float64 [K, 2], (y, x) in px of the image: along the outer arc, back along the inner one.
        """
        top, left, bottom, right = box
        bottom = min(bottom, top + self.sectors)
        inner, outer = (self.radius_of(np.clip(edge, 0, self.rings) - 0.5) for edge in (left, right))
        count = max(2, math.ceil((bottom - top) * 360 / self.sectors / OUTLINE_DEGREES) + 1)
        angle_K = (np.linspace(top, bottom, count) - 0.5) * 2 * math.pi / self.sectors + math.radians(self.seam_degrees)
        arc_K2 = np.stack([np.sin(angle_K), np.cos(angle_K)], axis=1)
        around = np.concatenate([max(outer, 0) * arc_K2, max(inner, 0) * arc_K2[::-1]])
        return around + np.array(self.centre_yx)


@functools.lru_cache(maxsize=512)  # a tolerance test looks at every photograph with some 150 of them
def cells(geometry: LogPolarGeometry) -> Cells:
    """Return radii and directions of the cells, as tables made once per process."""
    ring_R, step = np.arange(geometry.rings), 2 * math.pi / geometry.sectors
    radius, direction_yx = {}, {}
    for n in (1, 2):
        within = (np.arange(n) + 0.5) / n - 0.5
        angle = geometry.angle_of((np.arange(geometry.sectors)[:, None] + within).ravel())
        radius[n] = geometry.radius_of((ring_R[:, None] + within).ravel()).astype(np.float32)
        direction_yx[n] = np.stack([np.sin(angle), np.cos(angle)]).astype(np.float32)
    radial = geometry.radius_of(ring_R + 0.5) - geometry.radius_of(ring_R - 0.5)
    return Cells(radius, direction_yx, width_R=np.sqrt(radial * step * geometry.radius_of(ring_R)))


@functools.lru_cache(maxsize=32)
def bands(geometry: LogPolarGeometry) -> tuple[Band, ...]:
    """Return how an image of the geometry's own size is sampled."""
    cy, cx = geometry.centre_yx
    return sampling_bands(cells(geometry), Affine(1.0, cy, 1.0, cx), prefilter=geometry.prefilter, grid=GRID)
