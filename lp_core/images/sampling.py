"""Reading an image at the cells of a log-polar map, finely enough that nothing aliases.

Knows positions, not laws. Positions are (y, x) in px with (0, 0) the centre of the top left pixel.
Shapes: H W image pixels, C channels, S sectors, R rings.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import cv2
import numpy as np

from lp_core.images.scratch import scratch

DTYPES = ("uint8", "uint16", "int16", "float32", "float64")
"""Types of images that can be sampled."""

GRID = 256 if int(cv2.__version__.split(".")[0]) >= 5 else 32
"""Cells look at whole multiples of 1 / GRID px from the fixation. With 8 bits of weight and 8 of grey level, float32
interpolation is exact: a turned or mirrored photograph gives the turned or mirrored result bit for bit, and a cell
is displaced by at most 1/512 px. Before version 5, OpenCV itself knows only 1/32 px."""

ONE_SAMPLE = 1.5
"""Cells up to this wide, in px, are one bilinear sample, which averages over 1 to 2 px itself; wider ones are the mean
of 2 x 2. Source: our choice; a quarter of the error of one sample is left in the outer 45 rings (docs/LOG_POLAR.md)."""

NEXT_LEVEL = 2**1.75
"""2 x 2 samples read the photograph itself for cells up to this wide, in px, then the halved one for cells up to twice
as wide, and so on. Source: measured, 2**1.5 to 2**2 differ by less than a tenth; wider is slower."""

Fill = float | tuple[float, float, float]
OPENCV_LIMIT = 32_767
"""OpenCV's `remap` counts rows and columns in 16 bits."""


@dataclass(frozen=True)
class Affine:
    """y -> y_scale * y + y_offset, and so for x: px from the fixation of a map -> px of the image that is read."""

    y_scale: float
    y_offset: float
    x_scale: float
    x_offset: float


@dataclass(frozen=True, eq=False)
class Cells:
    """Where the cells of a log-polar map look: every radius times every direction, for n x n samples per cell."""

    radius: dict[int, np.ndarray]
    """n -> px from the fixation, float32 [n R]."""
    direction_yx: dict[int, np.ndarray]
    """n -> sine and cosine of the angle, float32 [2, n S]."""
    width_R: np.ndarray
    """Side in px of the square as large as a cell of each ring, ascending."""


@dataclass(frozen=True, eq=False)
class Band:
    """Neighbouring rings that are read in one go. Rings are the rows here: they lie side by side in memory."""

    rings: slice
    samples: int
    """n of n x n samples per cell."""
    level: int
    """The image is read halved so many times."""
    y: np.ndarray
    """Rows of that level, float32 [n rings, n S]."""
    x: np.ndarray


def sampling_bands(
    cells: Cells, view: Affine, *, prefilter: bool, grid: int | None = None, keep: bool = True
) -> tuple[Band, ...]:
    """Return the bands of rings for one image: how many samples, from which level, and where.

    Args:
        cells: Of the map.
        view: From px of the map to px of the image.
        prefilter: Average over wide cells; otherwise one sample each, from the image itself.
        grid: Round positions to 1 / grid px from the fixation.
        keep: The bands own their memory; otherwise they are valid until this thread places the next ones.
    """
    rings = len(cells.width_R)
    edges = [0, rings]
    if prefilter:
        wide_R = cells.width_R * math.sqrt(abs(view.y_scale * view.x_scale))
        levels = max(0, math.ceil(math.log2(max(wide_R[-1] / NEXT_LEVEL, 1))))
        limits = [ONE_SAMPLE, *(NEXT_LEVEL * 2**level for level in range(levels))]
        edges = [0, *np.searchsorted(wide_R, limits, side="right").tolist(), rings]
    scale = np.array([[view.y_scale], [view.x_scale]], np.float32)
    bands = []
    for order, (start, stop) in enumerate(itertools.pairwise(edges)):
        if start == stop:
            continue
        samples, level = min(order, 1) + 1, max(order - 1, 0)
        radius, direction_yx = cells.radius[samples][samples * start : samples * stop], cells.direction_yx[samples]
        shape = 2, len(radius), direction_yx.shape[1]
        at = np.empty(shape, np.float32) if keep else scratch.array(f"band {order}", shape, np.float32)
        shrink = 0.5**level
        np.multiply(radius[None, :, None], (direction_yx * (scale * np.float32(shrink)))[:, None], out=at)
        if grid is not None:
            np.divide(np.round(at * np.float32(grid)), np.float32(grid), out=at)
        at[0] += np.float32((view.y_offset + 0.5) * shrink - 0.5)
        at[1] += np.float32((view.x_offset + 0.5) * shrink - 0.5)
        bands.append(Band(slice(start, stop), samples, level, at[0], at[1]))
    return tuple(bands)


def sample(image_HWC: np.ndarray, bands: tuple[Band, ...], fill: Fill) -> np.ndarray:
    """The log-polar image that the bands describe.

    OpenCV samples uint8, NumPy (exact to the dtype, slower) everything else.

    Args:
        image_HWC: [H, W] or [H, W, C], a dtype of `DTYPES`.
        bands: Of all rings, in order.
        fill: Value, or colour of three channels, beyond the image; mixes in between the outermost pixel centres and
            1 px further out.

    Returns:
        [S, R] or [S, R, C], same dtype.

    Raises:
        TypeError: The dtype is not one of `DTYPES`.
    """
    if image_HWC.dtype.name not in DTYPES:
        raise TypeError(f"the image holds {image_HWC.dtype}; convert it to one of {', '.join(DTYPES)}")
    if image_HWC.ndim == 3 and image_HWC.shape[2] > 4:  # OpenCV's limit
        parts = [image_HWC[..., at : at + 4] for at in range(0, image_HWC.shape[2], 4)]
        return np.concatenate([sample(part, bands, fill) for part in parts], axis=2)
    if image_HWC.dtype == np.uint8 and max(image_HWC.shape[:2]) < OPENCV_LIMIT and image_HWC.size > 0:
        return _sample_uint8(image_HWC, bands, fill)
    pyramid = [image_HWC]
    parts = []
    for band in bands:
        while len(pyramid) <= band.level:
            pyramid.append(half(pyramid[-1]))
        parts.append(block_mean(bilinear(pyramid[band.level], band.y, band.x, fill), band.samples))
    return np.ascontiguousarray(np.concatenate(parts).swapaxes(0, 1))


def _sample_uint8(image_HWC: np.ndarray, bands: tuple[Band, ...], fill: Fill) -> np.ndarray:
    rgb = image_HWC.shape[2:] == (3,)
    # Four channels fill a vector register: OpenCV remaps them twice as fast as three.
    extra = (4,) if rgb else image_HWC.shape[2:]
    level_HWC = scratch.array("photograph", (*image_HWC.shape[:2], *extra), np.uint8)
    if rgb:
        cv2.cvtColor(image_HWC, cv2.COLOR_RGB2RGBA, dst=level_HWC)
    else:
        level_HWC[...] = image_HWC
    sectors, level = bands[0].y.shape[1] // bands[0].samples, 0
    border = (*fill, 0) if isinstance(fill, tuple) else (fill,) * 4
    image_RSC = scratch.array("rings", (bands[-1].rings.stop, sectors, *extra), np.uint8)
    for band in bands:
        while level < band.level:
            level_HWC, level = _half_uint8(level_HWC), level + 1
        target = image_RSC[band.rings]
        read = target if band.samples == 1 else scratch.array("samples", (*band.y.shape, *extra), np.uint8)
        cv2.remap(level_HWC, band.x, band.y, cv2.INTER_LINEAR, read, cv2.BORDER_CONSTANT, border)
        if band.samples > 1:
            cv2.resize(read, (sectors, len(target)), dst=target, interpolation=cv2.INTER_AREA)
    image_SRC = scratch.array("sectors", (sectors, len(image_RSC), *extra), np.uint8)
    cv2.transpose(image_RSC, dst=image_SRC)
    return cv2.cvtColor(image_SRC, cv2.COLOR_RGBA2RGB) if rgb else image_SRC.copy()


def _half_uint8(image_HWC: np.ndarray) -> np.ndarray:
    height, width = image_HWC.shape[:2]
    if height % 2 or width % 2:
        image_HWC = cv2.copyMakeBorder(image_HWC, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return cv2.resize(image_HWC, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)


def bilinear(image_HWC: np.ndarray, y: np.ndarray, x: np.ndarray, fill: Fill) -> np.ndarray:
    """Bilinear samples of an image that is surrounded by `fill`, in the image's own precision (integers: float64)."""
    kind = image_HWC.dtype if image_HWC.dtype.kind == "f" else np.dtype(np.float64)
    (height, width), extra = image_HWC.shape[:2], (1,) * (image_HWC.ndim - 2)
    total = np.zeros((*y.shape, *image_HWC.shape[2:]), kind)
    # Beyond one pixel outside everything is fill; clamping there keeps the indices small.
    y0, x0 = np.floor(np.clip(y, -2, height + 1)), np.floor(np.clip(x, -2, width + 1))
    y1, x1 = np.clip(y.astype(kind) - y0, 0, 1), np.clip(x.astype(kind) - x0, 0, 1)
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        row, column = y0.astype(np.intp) + down, x0.astype(np.intp) + right
        weight = (y1 if down else 1 - y1) * (x1 if right else 1 - x1)
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        value = np.full(total.shape, fill, kind)
        value[inside] = image_HWC[row[inside], column[inside]]
        # A weight of zero must not carry a neighbour's NaN.
        weight = weight.astype(kind).reshape(*y.shape, *extra)
        total += np.where(weight > 0, value, 0) * weight
    return rounded(total, image_HWC.dtype)


def half(image_HWC: np.ndarray) -> np.ndarray:
    """Mean of every 2 x 2 pixels; an odd last row or column counts twice."""
    height, width = image_HWC.shape[:2]
    pad = ((0, height % 2), (0, width % 2)) + ((0, 0),) * (image_HWC.ndim - 2)
    return block_mean(np.pad(image_HWC, pad, mode="edge"), 2)


def block_mean(image_HWC: np.ndarray, n: int) -> np.ndarray:
    """Mean of every n x n pixels; both sides must be multiples of n."""
    if n == 1:
        return image_HWC
    height, width = image_HWC.shape[0] // n, image_HWC.shape[1] // n
    blocks = image_HWC.reshape(height, n, width, n, *image_HWC.shape[2:])
    mean = blocks.mean((1, 3), dtype=None if image_HWC.dtype.kind == "f" else np.float64)
    return rounded(mean, image_HWC.dtype)


def rounded(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The values in a dtype: integers are rounded to even and cut to their range."""
    if dtype.kind != "f":
        values = np.clip(np.rint(values), np.iinfo(dtype).min, np.iinfo(dtype).max)
    return values.astype(dtype, copy=False)
