"""The twelve figures of the toy data set as signed distances: negative inside, positive outside, zero on the edge.

A distance makes an exactly anti-aliased edge at any resolution without supersampling, and stays exact under
rotation and scaling. Every function takes the `Plane` and a random generator for its proportions, and returns
float32 [S, S], in units of the figure's radius. All figures fill the unit disc.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

Shape = Callable[["Plane", np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Plane:
    """Coordinates of every pixel around the figure, in units of its radius; angles in radians, clockwise on screen."""

    x: np.ndarray
    y: np.ndarray
    radius: np.ndarray
    angle: np.ndarray

    @classmethod
    def place(cls, side: int, centre_yx: tuple[float, float], radius: float, rotation: float) -> Plane:
        """The plane of a figure of `radius` px turned clockwise by `rotation` radians, on an image of side x side."""
        pixels = np.arange(side, dtype=np.float32)
        down, right = (pixels[:, None] - centre_yx[0]) / radius, (pixels - centre_yx[1]) / radius
        cosine, sine = math.cos(rotation), math.sin(rotation)
        return cls.of(right * cosine + down * sine, down * cosine - right * sine)

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray) -> Plane:
        """The plane of given coordinates."""
        radius, angle = cv2.cartToPolar(x, y)
        return cls(x, y, radius, angle)


def _bands(value: np.ndarray, period: float, width: float) -> np.ndarray:
    """Distance to the nearest of the bands of `width` centred on the multiples of `period`."""
    return np.abs(value - period * np.rint(value / period)) - width / 2


def _lattice(plane: Plane, width: float, height: float, start: float = 0.0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The nearest point (x, y) of a rectangular lattice, then of the one at the centres of its meshes."""
    for shift in (0.0, 0.5):
        x = width * (np.rint((plane.x - start) / width - shift) + shift) + start
        y = height * (np.rint((plane.y - start) / height - shift) + shift) + start
        yield x, y


def _disc(plane: Plane, radius: float = 1.0, x: float = 0.0, y: float = 0.0) -> np.ndarray:
    return cv2.magnitude(plane.x - x, plane.y - y) - radius


def _square(plane: Plane, half: float) -> np.ndarray:
    return np.maximum(np.abs(plane.x), np.abs(plane.y)) - half


def _perhaps_hollow(distance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The figure, or in one of five cases only the line around it."""
    width = rng.uniform(0.11, 0.14)
    return np.maximum(distance, -distance - width) if rng.random() < 0.2 else distance


def rings(plane: Plane, rng: np.random.Generator) -> np.ndarray:
    """Concentric circles, evenly spaced."""
    period = rng.uniform(0.27, 0.4)
    width = period * rng.uniform(0.4, 0.6)
    return np.maximum(_bands(plane.radius - (1 - width / 2), period, width), _disc(plane))


def spokes(plane: Plane, rng: np.random.Generator) -> np.ndarray:
    """Rays from a hub, each as wide as a fixed angle."""
    count = int(rng.integers(6, 12))
    fold = _bands(plane.angle, 2 * math.pi / count, 2 * math.pi / count * rng.uniform(0.4, 0.55))
    rays = np.maximum(plane.radius * np.sin(fold), _disc(plane))
    hub = _disc(plane, rng.uniform(0.14, 0.26))
    return np.minimum(rays, hub) if rng.random() < 0.5 else np.maximum(rays, -hub)


def spiral(plane: Plane, rng: np.random.Generator, hand: int) -> np.ndarray:
    """Logarithmic spiral arms, straight oblique lines to a log-polar eye; outward they turn clockwise for hand +1."""
    arms = int(rng.integers(2, 5))
    twist = rng.uniform(1.5, 2.4)  # radians per e-fold of the radius
    phase = plane.angle - hand * twist * np.log(np.maximum(plane.radius, 1e-3))
    fold = _bands(phase, 2 * math.pi / arms, 2 * math.pi / arms * rng.uniform(0.42, 0.55))
    edges = np.maximum(fold * plane.radius / math.hypot(1, twist), _disc(plane))
    return np.minimum(edges, _disc(plane, 0.12))


def clockwise_spiral(plane: Plane, rng: np.random.Generator) -> np.ndarray:
    """A spiral that turns clockwise on the way out."""
    return spiral(plane, rng, +1)


def counter_clockwise_spiral(plane: Plane, rng: np.random.Generator) -> np.ndarray:
    """A spiral that turns counter-clockwise on the way out."""
    return spiral(plane, rng, -1)


def grating(plane: Plane, rng: np.random.Generator) -> np.ndarray:
    """Parallel stripes."""
    period = 2 / rng.uniform(3.5, 6)
    stripes = _bands(plane.x + rng.uniform(0, period), period, period * rng.uniform(0.42, 0.58))
    return np.maximum(stripes, _disc(plane) if rng.random() < 0.6 else _square(plane, 0.74))


def checks(plane: Plane, rng: np.random.Generator) -> np.ndarray:
    """A chessboard, a square of whole cells or cut out of a disc."""
    square = rng.random() < 0.6
    cells = int(rng.integers(4, 6))
    half = (0.74 if square else 1.0) / cells  # of a cell
    start = half * (1 - cells % 2)
    board = np.full_like(plane.x, np.inf)
    for x, y in _lattice(plane, 4 * half, 4 * half, start):
        cell = np.maximum(np.abs(plane.x - x), np.abs(plane.y - y)) - half
        outside = np.maximum(np.abs(x), np.abs(y)) > 0.74
        board = np.minimum(board, cell + outside if square else cell)
    return board if square else np.maximum(board, _disc(plane))


def triangle(plane: Plane, rng: np.random.Generator) -> np.ndarray:
    """An equilateral triangle."""
    fold = np.abs(plane.angle - 2 * math.pi / 3 * np.rint(plane.angle / (2 * math.pi / 3)))  # from the nearest corner
    return _perhaps_hollow(plane.radius * np.cos(math.pi / 3 - fold) - 0.5, rng)


def star(plane: Plane, rng: np.random.Generator) -> np.ndarray:
    """A star of five or six points."""
    half = math.pi / int(rng.integers(5, 7))
    notch = rng.uniform(0.37, 0.45)  # radius of the inner corners
    fold = np.abs(plane.angle - 2 * half * np.rint(plane.angle / (2 * half)))
    along, across = (
        notch * math.cos(half) - 1,
        notch * math.sin(half),
    )  # from a point of the star to the next inner corner
    x, y = plane.radius * np.cos(fold) - 1, plane.radius * np.sin(fold)
    return _perhaps_hollow((x * across - y * along) / math.hypot(along, across), rng)


def cross(plane: Plane, rng: np.random.Generator) -> np.ndarray:
    """Two crossed bars of equal length."""
    half = rng.uniform(0.26, 0.33)
    x, y = np.abs(plane.x), np.abs(plane.y)
    bars = np.minimum(np.maximum(x - 0.97, y - half), np.maximum(y - 0.97, x - half))
    return _perhaps_hollow(bars, rng)


def dots(plane: Plane, rng: np.random.Generator) -> np.ndarray:
    """Whole dots on a hexagonal lattice."""
    period = rng.uniform(0.5, 0.68)
    size = period * rng.uniform(0.22, 0.29)
    cloth = np.full_like(plane.x, np.inf)
    for x, y in _lattice(plane, period, period * 3**0.5):
        outside = cv2.magnitude(x, y) > 1.02 - size
        cloth = np.minimum(cloth, cv2.magnitude(plane.x - x, plane.y - y) - size + outside)
    return cloth


def crescent(plane: Plane, rng: np.random.Generator) -> np.ndarray:
    """A waxing moon."""
    inner = rng.uniform(0.72, 0.85)
    return np.maximum(_disc(plane), -_disc(plane, inner, x=1.08 - inner + rng.uniform(0, 0.1)))


def face(plane: Plane, rng: np.random.Generator) -> np.ndarray:
    """Two eyes and a mouth, cut out of a disc or drawn within a ring."""
    gap, eye = rng.uniform(0.32, 0.42), rng.uniform(0.13, 0.18)
    eyes = np.minimum(_disc(plane, eye, -gap, -0.25), _disc(plane, eye, gap, -0.25))
    smile, thick = rng.uniform(0.5, 0.6), rng.uniform(0.07, 0.1)
    mouth = np.maximum(np.abs(_disc(plane, smile)) - thick, rng.uniform(0.12, 0.25) - plane.y)
    features = np.minimum(eyes, mouth)
    if rng.random() < 0.5:
        return np.maximum(_disc(plane), -features)
    return np.minimum(np.abs(_disc(plane, 0.92)) - 0.08, features)


SHAPES: dict[str, Shape] = {
    "rings": rings,
    "spokes": spokes,
    "clockwise spiral": clockwise_spiral,
    "counter-clockwise spiral": counter_clockwise_spiral,
    "grating": grating,
    "checks": checks,
    "dots": dots,
    "triangle": triangle,
    "star": star,
    "cross": cross,
    "crescent": crescent,
    "face": face,
}
