"""The colours and the textured grounds of the toy data set, chosen as one chooses inks and papers for a print."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in what the eye takes for lightness (ITU-R BT.601, as in JPEG)."""


@dataclass(frozen=True)
class Palette:
    """Two tones between which a ground varies, and inks that stand out from both (sRGB, as in HTML)."""

    name: str
    ground: tuple[str, str]
    inks: tuple[str, ...]


PALETTES = (
    Palette("midnight", ("#14213d", "#2a3f69"), ("#fca311", "#f1ece2", "#ffd166")),
    Palette("forest", ("#16332a", "#2d5a45"), ("#f2e8cf", "#f4a259", "#ffe066")),
    Palette("plum", ("#34183a", "#5a2d5c"), ("#ffb4a2", "#ffe5d9", "#f6bd60")),
    Palette("lagoon", ("#073b4c", "#125d70"), ("#ffd166", "#ff9f80", "#e6fbf5")),
    Palette("oxblood", ("#43101a", "#6d222c"), ("#f7ede2", "#f5cac3", "#f6bd60")),
    Palette("slate", ("#20252b", "#414951"), ("#e0fbfc", "#f4a26b", "#f3e37c")),
    Palette("indigo", ("#23255c", "#3b3f86"), ("#f9dcc4", "#ffa38f", "#a5ebe4")),
    Palette("umber", ("#33231a", "#5b4130"), ("#f6e7cb", "#f2b880", "#b8e0d2")),
    Palette("paper", ("#f5ecd7", "#e2d0ac"), ("#1d3557", "#9b2226", "#2c4f2b")),
    Palette("mist", ("#e3eaec", "#c0d0d6"), ("#0b3954", "#8d0801", "#43195a")),
    Palette("rose", ("#fce6df", "#efc3b8"), ("#5f0f40", "#17435f", "#2d3f2e")),
    Palette("mint", ("#dff1e5", "#b5d8c4"), ("#14342b", "#86163f", "#1d2f6f")),
    Palette("sky", ("#dfecf8", "#b2cfe9"), ("#7a0613", "#22223b", "#0b4a52")),
    Palette("sand", ("#f3deb2", "#dfbf87"), ("#0a3d4a", "#74191c", "#2b2250")),
    Palette("lilac", ("#ece3f5", "#cdbfe2"), ("#3a0f5c", "#0f4c4a", "#7b1e3a")),
    Palette("apricot", ("#ffe3c2", "#f8c79a"), ("#14365c", "#7a1538", "#22503f")),
)


def rgb(html: str) -> np.ndarray:
    """float32 [3] in 0..255 of a colour such as "#fca311"."""
    return np.array([int(html[k : k + 2], 16) for k in (1, 3, 5)], np.float32)


def clouds(side: int, rng: np.random.Generator, stretch: int = 1) -> np.ndarray:
    """Noise whose amplitude falls as 1/frequency, as in photographs; drawn out along the rows by `stretch`.

    float32 [side, side], standard deviation 1. Octaves of coarse grids, enlarged: quicker than a Fourier transform.
    """
    noise = np.zeros((side, side), np.float32)
    for cells in (2, 4, 8, 16, 32):
        grid = rng.standard_normal((cells + 1, max(cells // stretch, 1) + 1), np.float32) / cells
        noise += cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
    return (noise - noise.mean()) / (noise.std() + 1e-6)


def _ramp(side: int, rng: np.random.Generator) -> np.ndarray:
    """A plane rising in a random direction, float32 [side, side] in about -1..1."""
    turn = rng.uniform(0, 2 * np.pi)
    line = np.linspace(-1, 1, side, dtype=np.float32)
    return np.float32(np.sin(turn)) * line[:, None] + np.float32(np.cos(turn)) * line


def _blobs(side: int, rng: np.random.Generator) -> np.ndarray:
    """A few soft spots of light and shade out of focus, float32 [side, side] in about -1..1."""
    line = np.linspace(0, 1, side, dtype=np.float32)
    total = np.zeros((side, side), np.float32)
    for _ in range(6):
        (y, x), width = rng.random(2, np.float32), rng.uniform(0.1, 0.3)
        spot = np.exp(-((line - y) ** 2) / width**2)[:, None] * np.exp(-((line - x) ** 2) / width**2)
        total += rng.choice((-1, 1)) * spot.astype(np.float32)
    return total


def ground(palette: Palette, side: int, rng: np.random.Generator) -> np.ndarray:
    """A sheet to print on: clouds, a wash of colour, spots out of focus or brushed fibres; float32 [side, side, 3]."""
    kind = rng.integers(4)
    if kind == 0:
        field = 0.45 * clouds(side, rng)
    elif kind == 1:
        field = 0.8 * _ramp(side, rng) + 0.15 * clouds(side, rng)
    elif kind == 2:
        field = 0.8 * _blobs(side, rng) + 0.12 * clouds(side, rng)
    else:
        field = 0.45 * clouds(side, rng, stretch=8)
        field = field.T if rng.random() < 0.5 else field
    share = np.clip(0.5 + 0.5 * field, 0, 1)[..., None]
    low, high = (rgb(tone) for tone in palette.ground)
    return low + share * (high - low)


def ink(palette: Palette, side: int, rng: np.random.Generator) -> np.ndarray:
    """What the figure is printed in: one ink that passes softly into another; float32 [side, side, 3]."""
    first, second = (rgb(palette.inks[k]) for k in rng.permutation(len(palette.inks))[:2])
    share = np.clip(0.3 + 0.5 * _ramp(side, rng) + 0.08 * clouds(side, rng), 0, 0.85)[..., None]
    return first + share * (second - first)
