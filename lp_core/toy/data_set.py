"""The built-in data set: twelve classes of figures whose shape, orientation and scale a log-polar transform changes.

Every image is a pure function of (seed, split, row), free of licence questions, and is written in the Parquet schema
of Hugging Face image data sets, so that it goes through the same readers as ImageNet.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lp_core.indexing.writing.shard_schema import shard_schema
from lp_core.toy.colours import PALETTES, ground, ink
from lp_core.toy.shapes import SHAPES, Plane

CLASSES: tuple[str, ...] = tuple(SHAPES)
"""Class names; a label is a place in this tuple."""

SPLITS: dict[str, int] = {"train": 0, "validation": 1, "test": 2}
"""Splits that can be drawn, and what each contributes to the random seed."""

JPEG_QUALITY = 90
"""Our choice: the figures' edges stay sharp."""


@lru_cache(maxsize=64)
def _order(seed: int, split: str, block: int) -> np.ndarray:
    """The labels of rows 12*block .. 12*block + 11: every class once."""
    return np.random.default_rng([seed, SPLITS[split], block, 1]).permutation(len(CLASSES))


def label_of(seed: int, split: str, row: int) -> int:
    """The label of a row, without drawing it; every twelve consecutive rows from a multiple of twelve have all."""
    return int(_order(seed, split, row // len(CLASSES))[row % len(CLASSES)])


def cover(label: int, side: int, rng: np.random.Generator) -> np.ndarray:
    """How much of each pixel the figure covers: float32 [side, side] in 0..1.

    The figure is 58-92 % of the side across, lies whole within the image and near its centre, and is turned freely;
    only faces keep their chin down, give or take 45 degrees.
    """
    radius = side * rng.uniform(0.29, 0.46)
    reach = min(0.1 * side, 0.485 * side - radius)
    centre_yx = (side - 1) / 2 + rng.uniform(-reach, reach), (side - 1) / 2 + rng.uniform(-reach, reach)
    turn = rng.uniform(-math.pi, math.pi) / (4 if CLASSES[label] == "face" else 1)
    plane = Plane.place(side, centre_yx, radius, turn)
    distance = SHAPES[CLASSES[label]](plane, rng)
    return np.clip(0.5 - distance * radius, 0, 1)


def draw(seed: int, split: str, row: int, side: int = 96) -> tuple[np.ndarray, int]:
    """One image of the data set and its label, a pure function of the arguments: uint8 [side, side, 3] RGB, 0..11.

    The figure is a sheet of coloured paper, lit from the upper left, whose shadow falls on a textured ground.
    """
    rng = np.random.default_rng([seed, SPLITS[split], row])
    label = label_of(seed, split, row)
    figure = cover(label, side, rng)
    palette = PALETTES[rng.integers(len(PALETTES))]
    paper, colour = ground(palette, side, rng), ink(palette, side, rng)

    shadow = cv2.GaussianBlur(_shifted(figure, max(1, side // 48)), (0, 0), side / 64)
    edge = figure - _shifted(figure, max(1, side // 96))  # lit where it faces the light, dark where it turns away
    grain = 1 + 0.02 * rng.standard_normal((side, side), np.float32)
    paper = paper * (1 - 0.35 * shadow)
    image = (paper + figure * (colour + 35 * edge - paper)) * grain
    return cv2.merge(list(np.clip(image + 0.5, 0, 255).astype(np.uint8))), label


def _shifted(image: np.ndarray, step: int) -> np.ndarray:
    """The image moved down and right by `step` px, with zeros where nothing was."""
    moved = np.zeros_like(image)
    moved[step:, step:] = image[:-step, :-step]
    return moved


def encode(image: np.ndarray) -> bytes:
    """The image, uint8 [H, W, 3] RGB, as a JPEG file."""
    done, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError(f"OpenCV cannot encode an image of shape {image.shape} and type {image.dtype}")
    return data.tobytes()


def _table(split: str, rows: range, seed: int, side: int) -> pa.Table:
    images, labels = [], []
    for row in rows:
        image, label = draw(seed, split, row, side)
        images.append({"bytes": encode(image), "path": f"toy_{split}_{row:08d}.jpg"})
        labels.append(label)
    return pa.table({"image": images, "label": labels}, schema=shard_schema(list(CLASSES)))


def write_toy_shard(
    path_or_file: str | Path | BinaryIO,
    split: str,
    rows: range,
    seed: int,
    side: int = 96,
    row_group_rows: int = 100,
) -> None:
    """Write rows of a split as one Parquet file; a path appears whole or not at all. Equal arguments, equal bytes."""
    table = _table(split, rows, seed, side)
    if not isinstance(path_or_file, str | Path):
        pq.write_table(table, path_or_file, row_group_size=row_group_rows, write_statistics=["label"])
        return
    path = Path(path_or_file)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        pq.write_table(table, unfinished, row_group_size=row_group_rows, write_statistics=["label"])
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def toy_shards(folder: Path, train: int = 3600, validation: int = 600) -> list[tuple[Path, str, range]]:
    """The files of the data set with their split and rows, named as on the Hugging Face hub, ~1,000 rows each."""
    shards = []
    for split, total in (("train", train), ("validation", validation)):
        count = -(-total // 1000)
        bounds = [total * k // count for k in range(count + 1)] if count else []
        for k, (start, stop) in enumerate(itertools.pairwise(bounds)):
            shards.append((folder / "data" / f"{split}-{k:05d}-of-{count:05d}.parquet", split, range(start, stop)))
    return shards


def write_toy(
    folder: Path,
    seed: int = 0,
    train: int = 3600,
    validation: int = 600,
    side: int = 96,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write the whole data set under `folder`/data and return its files; files that exist already are kept.

    `progress` is called after every file with the number of images done and in all.
    """
    shards = toy_shards(Path(folder), train, validation)
    done = 0
    for path, split, rows in shards:
        if not path.exists():
            write_toy_shard(path, split, rows, seed, side)
        done += len(rows)
        if progress is not None:
            progress(done, train + validation)
    return [path for path, _, _ in shards]
