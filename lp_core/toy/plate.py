"""A picture of the toy data set: a column per class. `python -m lp_core.toy.plate PICTURE.png`."""

from __future__ import annotations

import sys

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from lp_core.toy.data_set import CLASSES, draw, label_of

PAPER, TEXT = "#faf8f3", "#33302b"


def examples(seed: int, split: str, count: int, side: int) -> np.ndarray:
    """The first `count` images of every class: uint8 [12, count, side, side, 3]."""
    images_of_class: list[list[np.ndarray]] = [[] for _ in CLASSES]
    for row in range(count * len(CLASSES)):
        images_of_class[label_of(seed, split, row)].append(draw(seed, split, row, side)[0])
    return np.array(images_of_class)


def plate(path: str, seed: int = 0, count: int = 5, side: int = 96) -> None:
    """Write a picture of `count` images of every class, at full size, in 256 colours to keep the file small."""
    gap, head = side // 12, side // 3
    images = examples(seed, "train", count, side)
    width, height = len(CLASSES) * (side + gap) + gap, head + count * (side + gap)
    figure = Figure(figsize=(width / 100, height / 100), dpi=100, facecolor=PAPER)
    for column, name in enumerate(CLASSES):
        left = gap + column * (side + gap)
        words = name.replace(" spiral", "\nspiral")
        x, y = (left + side / 2) / width, 1 - (head + gap / 2) / 2 / height
        figure.text(x, y, words, size=8, color=TEXT, family="serif", ha="center", va="center", linespacing=1.0)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    page = np.array(canvas.buffer_rgba())[..., :3]
    for column, row in np.ndindex(len(CLASSES), count):
        top, left = head + row * (side + gap), gap + column * (side + gap)
        page[top : top + side, left : left + side] = images[column, row]
    picture = Image.fromarray(page)
    colours = picture.quantize(256, kmeans=2)
    picture.quantize(palette=colours, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)


if __name__ == "__main__":
    plate(sys.argv[1])
