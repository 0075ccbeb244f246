"""The colours and the textured grounds of the toy data set."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in lightness. Source: ITU-R BT.601, as in JPEG."""


@dataclass(frozen=True)
class Palette:
    """Two tones between which a ground varies, and inks that stand out from both (sRGB, as in HTML).

    An ink is a pair of neighbouring colours, between which it blends.
    """

    name: str
    ground: tuple[str, str]
    inks: tuple[tuple[str, str], ...]


PALETTES = (
    Palette(
        "midnight", ("#0f1a33", "#34507f"), (("#fca311", "#ffd166"), ("#f4efe6", "#bfe3f2"), ("#ff9b85", "#ffd6a5"))
    ),
    Palette("forest", ("#12291f", "#3a6b4f"), (("#f6efd9", "#ffe066"), ("#ffb26b", "#ffe0a3"), ("#d9f2b4", "#f6efd9"))),
    Palette("plum", ("#2a1233", "#6b3769"), (("#ffb4a2", "#ffe5d9"), ("#f9c74f", "#ffe8b3"), ("#f7c6e0", "#fff0f6"))),
    Palette("lagoon", ("#04303f", "#1b6f80"), (("#ffd166", "#fff1c1"), ("#ffb199", "#ffe0cf"), ("#c9f7ea", "#f3fffb"))),
    Palette(
        "oxblood", ("#360b15", "#80303a"), (("#f7ede2", "#f5cac3"), ("#f9c46b", "#ffe7ba"), ("#bfe6df", "#f1fbf7"))
    ),
    Palette("slate", ("#171b20", "#4d5963"), (("#f4a26b", "#ffd9a8"), ("#e0fbfc", "#a9e0ea"), ("#f3e37c", "#fbf6cf"))),
    Palette("indigo", ("#1b1c4a", "#4a4d9c"), (("#ffb59f", "#f9dcc4"), ("#a5ebe4", "#e9fffb"), ("#ffd86e", "#fff0bf"))),
    Palette("umber", ("#26170f", "#6d4e38"), (("#f6e7cb", "#ffd08a"), ("#f2b880", "#ffe3c4"), ("#b8e0d2", "#eefaf4"))),
    Palette("dusk", ("#241a4d", "#8a3d62"), (("#ffc59f", "#fff0c9"), ("#ffd23f", "#ffefb0"), ("#d7e8ff", "#ffffff"))),
    Palette("reef", ("#0b2b5c", "#147a7c"), (("#ffb7a8", "#ffe3d3"), ("#ffe28a", "#fff7d6"), ("#e6fbf5", "#bdf0ff"))),
    Palette("paper", ("#f8f0de", "#dbc59c"), (("#1d3557", "#23689b"), ("#a3161f", "#cf3f25"), ("#21502f", "#3f7d3a"))),
    Palette("mist", ("#eef3f4", "#b3c7cf"), (("#0b3954", "#14709b"), ("#9b1b30", "#c9374c"), ("#4a1c6b", "#7a3f9d"))),
    Palette("rose", ("#fdeee8", "#ebb5a8"), (("#6a1145", "#a51c56"), ("#133f5c", "#1c6f87"), ("#2c4a2e", "#4b6f35"))),
    Palette("mint", ("#ebf8ee", "#a5d0b8"), (("#0f3d33", "#1b6b5a"), ("#8c1543", "#c02f55"), ("#1d2f6f", "#3858a8"))),
    Palette("sky", ("#ecf5fc", "#a3c6e4"), (("#8a0f1e", "#c2362b"), ("#1c2150", "#38479c"), ("#0b4a52", "#187079"))),
    Palette("sand", ("#f9eac8", "#d9b676"), (("#0a3d4a", "#126478"), ("#7d191c", "#ae3425"), ("#2f2361", "#57459b"))),
    Palette("lilac", ("#f4eefa", "#c3b1de"), (("#3a0f5c", "#6a2c94"), ("#0d4a4a", "#17716c"), ("#8a1d45", "#b83358"))),
    Palette(
        "apricot", ("#ffecd2", "#f5bd8b"), (("#14365c", "#1f6390"), ("#7a1538", "#ab2845"), ("#1f503f", "#39754f"))
    ),
    Palette("dawn", ("#fff3d6", "#f2b6bd"), (("#2b2463", "#5440a0"), ("#8e1745", "#bb2f58"), ("#0e4756", "#196a7d"))),
    Palette("meadow", ("#fbf6cf", "#b4d193"), (("#17402b", "#2c6b3c"), ("#8c1c3c", "#b83a45"), ("#23306e", "#3d569f"))),
)


def rgb(html: str) -> np.ndarray:
    """float32 [3] in 0..255 of a colour such as "#fca311"."""
    return np.array([int(html[k : k + 2], 16) for k in (1, 3, 5)], np.float32)


def clouds(side: int, rng: np.random.Generator, stretch: int = 1) -> np.ndarray:
    """Noise whose amplitude falls as 1/frequency, as in photographs, stretched along the rows by `stretch`.

    float32 [side, side], standard deviation about 1. Enlarged grids, an octave each: quicker than a Fourier transform.
    """
    noise = np.zeros((side, side), np.float32)
    for cells in (3, 6, 12, 24, 48):
        grid = rng.standard_normal((cells, max(cells // stretch, 2)), np.float32)
        noise += cv2.resize(grid * (3.6 / cells), (side, side), interpolation=cv2.INTER_LINEAR)
    return noise


def _ramp(side: int, rng: np.random.Generator) -> np.ndarray:
    """A plane rising in a random direction, float32 [side, side] in -1.4..1.4."""
    turn = rng.uniform(0, 2 * math.pi)
    line = np.linspace(-1, 1, side, dtype=np.float32)
    return math.sin(turn) * line[:, None] + math.cos(turn) * line


def _blobs(side: int, rng: np.random.Generator) -> np.ndarray:
    """A few blurred spots of light and shade, float32 [side, side] in about -1..1."""
    line = np.linspace(0, 1, side, dtype=np.float32)
    centres, widths = rng.random((2, 6, 1), np.float32), rng.uniform(0.12, 0.3, (6, 1)).astype(np.float32)
    rows, columns = np.exp(-(((line - centres) / widths) ** 2))
    signs = rng.choice(np.array([-1, 1], np.float32), (6, 1))
    return (signs * rows).T @ columns


def ground(palette: Palette, side: int, rng: np.random.Generator) -> np.ndarray:
    """The background of an image: clouds, a colour gradient, blurred spots or fibres; float32 [3, side, side]."""
    kind = rng.integers(4)
    if kind == 0:
        field = 0.7 * clouds(side, rng)
    elif kind == 1:
        field = 0.8 * _ramp(side, rng) + 0.3 * clouds(side, rng)
    elif kind == 2:
        field = 0.9 * _blobs(side, rng) + 0.2 * clouds(side, rng)
    else:
        field = 0.7 * clouds(side, rng, stretch=8)
        field = field.T if rng.random() < 0.5 else field
    share = np.clip(0.5 + 0.5 * field, 0, 1)
    low, high = (rgb(tone)[:, None, None] for tone in palette.ground)
    return low + share * (high - low)


def ink(palette: Palette, side: int, rng: np.random.Generator) -> np.ndarray:
    """The colour of the figure: a gradient between the two colours of an ink; float32 [3, side, side]."""
    first, second = (rgb(colour)[:, None, None] for colour in palette.inks[rng.integers(len(palette.inks))])
    share = np.clip(0.5 + 0.6 * _ramp(side, rng), 0, 1)
    return first + share * (second - first)
