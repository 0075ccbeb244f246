"""The nine images that drive each channel most: a value that can be built in any order, in any pieces.

Shapes: C channels, K places (nine), N images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lp_core.exemplars import KEEP
from lp_core.exemplars.peaks import Peaks

EMPTY = -1
"""Row and position of a place that no image has taken."""


@dataclass(frozen=True)
class TopK:
    """Every channel's best nine so far, best first.

    Larger activations come first, then lower row numbers; of one image the largest peak counts, and of equal peaks
    the one at the first position. An image must activate the channel to count: places that stay empty (all nine in
    a dead channel) hold value 0, row -1 and position (-1, -1).

    Attributes:
        value_CK: float32, activation after ReLU.
        row_CK: int64, row number of the image in the data set.
        position_CK2: int32, (row, col) of the unit in the layer's map.
    """

    value_CK: np.ndarray
    row_CK: np.ndarray
    position_CK2: np.ndarray

    @classmethod
    def empty(cls, channels: int) -> TopK:
        """Return the nine of no images."""
        return cls(
            np.zeros((channels, KEEP), np.float32),
            np.full((channels, KEEP), EMPTY, np.int64),
            np.full((channels, KEEP, 2), EMPTY, np.int32),
        )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> TopK:
        """Return what `to_arrays` came from.

        Raises:
            ValueError: an array is missing, or its type or shape is another.
        """
        missing = {"value_CK", "row_CK", "position_CK2"} - set(arrays)
        if missing:
            raise ValueError(f"not the nine of a scan: {', '.join(sorted(missing))} is missing")
        for name, array in cls.empty(len(arrays["value_CK"])).to_arrays().items():
            given = arrays[name]
            if (given.dtype, given.shape) != (array.dtype, array.shape):
                raise ValueError(f"{name} is {given.dtype} {given.shape}, not {array.dtype} {array.shape}")
        return cls(arrays["value_CK"], arrays["row_CK"], arrays["position_CK2"])

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return plain arrays by name, for `np.savez`; equal nines give equal bytes."""
        return {"value_CK": self.value_CK, "row_CK": self.row_CK, "position_CK2": self.position_CK2}

    def push(self, peaks: Peaks, rows: Sequence[int]) -> TopK:
        """Return the nine of these images and those seen before.

        Args:
            peaks: from `find_peaks`.
            rows: row number of each image.

        Raises:
            ValueError: a number of rows that is not the number of images, or a negative row.
        """
        value_NC, position_NC2 = peaks.value_NC.cpu().numpy(), peaks.position_NC2.cpu().numpy()
        row_N = np.asarray(rows, np.int64)
        if len(row_N) != len(value_NC) or (row_N < 0).any():
            raise ValueError(f"{len(value_NC)} images have peaks; give each its row number, 0 or more, not {row_N}")
        # Soon few images reach a channel's ninth: only the channels where one does are sorted again.
        enters_NC = (value_NC > 0) & (value_NC >= self.value_CK[:, -1])
        touched = np.flatnonzero(enters_NC.any(0))
        enters_CN = enters_NC[:, touched].T
        news = TopK(
            np.where(enters_CN, value_NC[:, touched].T, np.float32(0)),
            np.where(enters_CN, row_N, EMPTY),
            np.where(enters_CN[..., None], np.swapaxes(position_NC2[:, touched], 0, 1), np.int32(EMPTY)),
        )
        after = merge(TopK(self.value_CK[touched], self.row_CK[touched], self.position_CK2[touched]), news)
        result = TopK(self.value_CK.copy(), self.row_CK.copy(), self.position_CK2.copy())
        result.value_CK[touched] = after.value_CK
        result.row_CK[touched] = after.row_CK
        result.position_CK2[touched] = after.position_CK2
        return result


def merge(a: TopK, b: TopK) -> TopK:
    """Return the nine of the images of both: associative, commutative and idempotent, down to the bytes.

    Args:
        a: the nine of some images.
        b: the nine of others, or of the same, of the same C channels.

    Source: our choice of the order that breaks ties (`TopK`); checked by sorting everything (tests/reference/top_k.py).
    """
    value = np.concatenate([a.value_CK, b.value_CK], 1)
    row = np.concatenate([a.row_CK, b.row_CK], 1)
    position = np.concatenate([a.position_CK2, b.position_CK2], 1)

    order = np.lexsort((position[..., 1], position[..., 0], row, -value), axis=1)
    value, row, position = _reordered(order, value, row, position)
    repeated = _seen_before(row)
    value = np.where(repeated, np.float32(0), value)
    row = np.where(repeated, EMPTY, row)
    position = np.where(repeated[..., None], EMPTY, position)
    order = np.argsort(row == EMPTY, axis=1, kind="stable")[:, :KEEP]
    return TopK(*_reordered(order, value, row, position))


def _reordered(order: np.ndarray, value: np.ndarray, row: np.ndarray, position: np.ndarray) -> tuple[np.ndarray, ...]:
    return (
        np.take_along_axis(value, order, 1),
        np.take_along_axis(row, order, 1),
        np.take_along_axis(position, order[..., None], 1).astype(np.int32, copy=False),
    )


def _seen_before(row: np.ndarray) -> np.ndarray:
    """Where a channel's row number stands further left already."""
    order = np.argsort(row, axis=1, kind="stable")
    ordered = np.take_along_axis(row, order, 1)
    repeated = np.zeros(row.shape, bool)
    np.put_along_axis(repeated, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], 1)
    return repeated
