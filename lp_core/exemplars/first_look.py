"""The activation that each channel exceeds in one unit of a hundred, from a first look at a few images.

A scan counts the units above it. It has to be known before the scan begins, so it is measured on a fixed sample.

Shapes: N images, C channels, K units sampled of a map.
"""

from __future__ import annotations

import io

import numpy as np
from torch import Tensor

from lp_core.exemplars.arrays_file import read_arrays

IMAGES = 64
"""Images of a first look. Source: our choice; more images move a channel's threshold by less than channels differ."""
SIDE = 14
"""Most rows, and most columns, of a map that are looked at. Source: our choice; all units of conv5 at 224 px, so that
each channel has up to 12,544 numbers, of which 125 are above the threshold."""
QUANTILE = 0.99
"""Share of the units that do not exceed the threshold. Source: the specification of the measures (issue J)."""


def sample_rows(rows: np.ndarray, images: int = IMAGES) -> np.ndarray:
    """Return the rows that a first look reads: evenly spaced, the same however the scan is divided."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, images).round().astype(np.int64))] if len(rows) else rows


def sample_units(a_NCSR: Tensor) -> np.ndarray:
    """Return the middle unit of each of 14 x 14 blocks of a map, or all units of a smaller one: float32 [N, C, K]."""
    row_step, col_step = (-(-side // SIDE) for side in a_NCSR.shape[2:])
    return a_NCSR[..., row_step // 2 :: row_step, col_step // 2 :: col_step].float().flatten(2).cpu().numpy()


def thresholds(sampled_NCK: np.ndarray) -> np.ndarray:
    """Return float32 [C]: the smallest sampled activation that 99 % of a channel's do not exceed; 0 without images."""
    if not sampled_NCK.size:
        return np.zeros(sampled_NCK.shape[1], np.float32)
    by_channel_CM = np.moveaxis(sampled_NCK, 1, 0).reshape(sampled_NCK.shape[1], -1)
    rank = int(np.ceil(QUANTILE * by_channel_CM.shape[1])) - 1
    return np.partition(by_channel_CM, rank, axis=1)[:, rank]


def to_bytes(threshold_C: np.ndarray) -> bytes:
    """Return an .npz file."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, threshold_C=threshold_C)
    return file.getvalue()


def from_bytes(data: bytes) -> np.ndarray:
    """Return what `to_bytes` came from.

    Raises:
        ValueError: the file is damaged.
    """
    return read_arrays(data)["threshold_C"]
