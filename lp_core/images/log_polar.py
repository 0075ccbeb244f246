"""The log-polar map between an image and its sectors and rings, both ways.

Knows nothing about networks, files or Ray. Positions are (y, x) in px with (0, 0) the centre of the top left pixel.
Shapes: N images, H W image pixels, C channels, S sectors (angle, rows), R rings (log radius, columns).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lp_core.errors import check
from lp_core.images.geometry import LogPolarGeometry, bands
from lp_core.images.inverse import Inverse, inverse_table
from lp_core.images.sampling import block_mean, sample


@dataclass(frozen=True, kw_only=True)
class LogPolarMap(LogPolarGeometry):
    """A geometry that reads images: photograph to log-polar image (`warp`) and back (`unwarp`).

    Cell (s, c) of S sectors and R rings reads the image at angle `2 pi s / S` and, under the law `monopole`, at the
    radius `a (exp(k c) - 1)` px from the fixation, with `k = ln(1 + r / a) / R`. Here a is `foveal_scale` and r the
    `radius`. Immutable, hashable and small when pickled: tables are made once per process.

    Raises:
        ValueError: a field is out of range; the message names it.

    Source: Schwartz 1977 for the map; docs/LOG_POLAR.md has the other laws and theirs.
    """

    fill: float = 0.0
    """Value of cells that look outside the image."""

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
        return _each(image, self.size, lambda image_HWC: sample(image_HWC, bands(self), self.fill))

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
                law; it is 1 px off in radius, and redraws the figures as they were; or `fisheye`: all rings equally
                wide, so that the middle stays magnified.

        Returns:
            The image, [scale H, scale W, ...], same dtype, `fill` where nothing is known, and its alpha: float32
            [scale H, scale W], the share of a pixel's samples that fall on a cell (of the box).

        Raises:
            ValueError: The image has another size than the map, or the law no published inverse.
        """
        table = inverse_table(self, scale * supersample, inverse)
        seen_HW = table.seen_HW if box is None else table.seen_in(box)

        def unwarp_one(image_SRC: np.ndarray) -> np.ndarray:
            return table.read(image_SRC, seen_HW, supersample, self.fill)

        return _each(image, (self.sectors, self.rings), unwarp_one), block_mean(seen_HW, supersample)

    def density(self, scale: int = 1) -> np.ndarray:
        """Cells per px of the image: above 1 the photograph is oversampled, below 1 it was averaged or skipped.

        Returns:
            float32 [scale H, scale W], 0 outside the sampled disc; `np.minimum(density, 1)` is an honest alpha.
        """
        table = inverse_table(self, scale, "exact")
        radius = self.radius_of(np.maximum(table.column, 0.5))
        return (table.seen_HW * self.sectors / (2 * math.pi * radius * self.ring_width(radius))).astype(np.float32)


def _each(image: np.ndarray, size: tuple[int, int], apply: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """`apply` to one image or to every image of a batch, after checking the size."""
    if not isinstance(image, np.ndarray):
        raise TypeError(f"the image is a {type(image).__name__}; give a NumPy array, or a tensor to `LogPolar`")
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
    return np.stack([apply(image_HWC) for image_HWC in image])
