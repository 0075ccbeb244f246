"""How the radius grows with the ring: the formulas of each law.

To add a law: its name in `Law`, its formulas in `LAWS`, a line in docs/LOG_POLAR.md and a slow twin in
`tests/reference/log_polar.py`. The tests of the map run over all of `LAWS`.

c is a ring, k the relative growth of the radius per ring far from the fixation, a the foveal scale in px.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

Law = Literal["monopole", "opencv", "paper-2018"]
NamedRadius = Literal["corner", "inscribed"]
"""Radius of ring R by name: half the diagonal, or half the shorter side."""

PAPER_CORNER = math.exp(224 / 44.2244) / math.hypot(112, 112)
"""Radius that the original authors reached at ring R, in half diagonals. They rounded 224 / ln(half diagonal) to
44.2244. Source: their program, docs/LOG_POLAR.md."""


@dataclass(frozen=True, kw_only=True)
class RadiusLaw:
    """The formulas of one law. Functions take arrays or numbers, and the foveal scale a."""

    radius: Callable[[np.ndarray, float], np.ndarray]
    """(exp(k c), a) -> radius in px."""
    exponent: Callable[[np.ndarray, float], np.ndarray]
    """(radius in px, a) -> k c: the inverse of `radius`; minus infinity where no ring looks."""
    slope: Callable[[np.ndarray, float], np.ndarray]
    """(radius in px, a) -> derivative of the radius by k c, in px."""
    outer_growth: Callable[[float, float], float]
    """(outer radius in px, a) -> exp(k R)."""
    least_outer_radius: float
    """The outer radius in px must exceed this: 1 where the law takes its logarithm."""
    centre_shift: float = 0.0
    """Px from (H / 2, W / 2) to the centre of the map, along both axes; -0.5 is the true centre."""
    corner: float = 1.0
    """Outer radius that is called `corner`, in half diagonals."""


LAWS: dict[Law, RadiusLaw] = {
    # a (exp(k c) - 1): linear within a, logarithmic beyond. Source: Schwartz 1977.
    "monopole": RadiusLaw(
        radius=lambda grown, a: a * (grown - 1),
        exponent=lambda radius, a: np.log1p(radius / a),
        slope=lambda radius, a: radius + a,
        outer_growth=lambda outer, a: 1 + outer / a,
        least_outer_radius=0,
        centre_shift=-0.5,
    ),
    # exp(k c) - 1. Source: `cv2.warpPolar(..., WARP_POLAR_LOG)` of OpenCV 3.4.2 and later; outer is its maxRadius.
    "opencv": RadiusLaw(
        radius=lambda grown, a: grown - 1,
        exponent=lambda radius, a: np.log(radius + 1),
        slope=lambda radius, a: radius + 1,
        outer_growth=lambda outer, a: outer,
        least_outer_radius=1,
    ),
    # exp(k c). Source: `cv2.logPolar` of OpenCV up to 3.4.1, with the original authors' parameters.
    "paper-2018": RadiusLaw(
        radius=lambda grown, a: grown,
        exponent=lambda radius, a: np.log(radius),
        slope=lambda radius, a: radius,
        outer_growth=lambda outer, a: outer,
        least_outer_radius=1,
        corner=PAPER_CORNER,
    ),
}
"""The laws by the names that settings give them."""
