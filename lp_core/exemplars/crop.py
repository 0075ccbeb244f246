"""Squares cut from pictures where a unit looks, and put back where they came from.

Shapes: S R rows and columns of the whole picture (sectors and rings), h w those of a box.
"""

from __future__ import annotations

import numpy as np

from lp_core.network.receptive_field import Box


def cut(picture_SRC: np.ndarray, box: Box, *, wraps: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return a box of a picture, and where the box lies on the picture.

    Args:
        picture_SRC: any type and number of colours.
        box: may reach beyond the picture.
        wraps: rows beyond the last are the first ones again (angles, in a network that knows it).

    Returns:
        Pixels [h, w, C], 0 beyond the picture, and bool [h, w], true on the picture.
    """
    rows, cols = picture_SRC.shape[:2]
    row_h, col_w = np.arange(box.top, box.bottom), np.arange(box.left, box.right)
    inside_hw = inside(box, (rows, cols), wraps=wraps)
    row_h = row_h % rows if wraps else row_h.clip(0, rows - 1)
    cut_hwC = picture_SRC[row_h[:, None], col_w.clip(0, cols - 1)[None, :]]
    return np.where(inside_hw[..., None], cut_hwC, np.zeros((), picture_SRC.dtype)), inside_hw


def paste(cut_hwC: np.ndarray, box: Box, shape_SR: tuple[int, int], *, wraps: bool = False) -> np.ndarray:
    """Return the whole picture [S, R, C] with what was cut in its place and 0 elsewhere.

    What lies beyond the picture is dropped. A row that the box reaches twice is the same row, and is put in once.
    """
    picture_SRC = np.zeros((*shape_SR, cut_hwC.shape[2]), cut_hwC.dtype)
    row_h, col_w = np.nonzero(inside(box, shape_SR, wraps=wraps))
    picture_SRC[(row_h + box.top) % shape_SR[0], col_w + box.left] = cut_hwC[row_h, col_w]
    return picture_SRC


def inside(box: Box, shape_SR: tuple[int, int], *, wraps: bool = False) -> np.ndarray:
    """Return bool [h, w]: which pixels of a box lie on a picture."""
    row_h, col_w = np.arange(box.top, box.bottom), np.arange(box.left, box.right)
    row_inside = (row_h >= 0) & (row_h < shape_SR[0]) | wraps
    col_inside = (col_w >= 0) & (col_w < shape_SR[1])
    return row_inside[:, None] & col_inside[None, :]


def effective_box(gradient_3hw: np.ndarray, box: Box, share: float = 0.95) -> Box:
    """Return the part of a receptive field that holds at least a share of the gradient's energy (sum of squares).

    From each side rows or columns are left out as long as together they hold no more than a quarter of the rest.
    The whole box where the gradient is zero.

    Args:
        gradient_3hw: gradient within the box, such as guided backpropagation's.
        box: the receptive field.
        share: 0 to 1.

    Source: our choice of what Luo et al. 2016 call the effective receptive field, for one unit in one image.
    """
    energy_hw = np.square(np.asarray(gradient_3hw, np.float64)).sum(0)
    spared = (1 - share) / 4 * energy_hw.sum()
    if spared == 0:
        return box
    edges = []
    for energy in (energy_hw.sum(1), energy_hw.sum(0)):
        first = int((energy.cumsum() > spared).argmax())
        last = len(energy) - int((energy[::-1].cumsum() > spared).argmax())
        edges.append((first, last))
    (top, bottom), (left, right) = edges
    return Box(box.top + top, box.left + left, box.top + bottom, box.left + right)


def covered_share(boxes_P4: np.ndarray, mask_SR: np.ndarray, *, wraps: bool = False) -> np.ndarray:
    """Return float64 [P]: share of each box that a mask covers; beyond the picture nothing is covered.

    Args:
        boxes_P4: (top, left, bottom, right) of each box.
        mask_SR: bool, such as cells that look outside the photograph.
        wraps: rows are a circle.
    """
    rows, cols = mask_SR.shape
    total = np.zeros((rows + 1, cols + 1), np.int64)
    total[1:, 1:] = mask_SR.cumsum(0).cumsum(1)

    def above(row_P: np.ndarray, col_P: np.ndarray) -> np.ndarray:
        """How many covered pixels lie above a row and left of a column."""
        col_P = col_P.clip(0, cols)
        if not wraps:
            return total[row_P.clip(0, rows), col_P]
        turns_P, row_P = np.divmod(row_P, rows)
        return turns_P * total[rows, col_P] + total[row_P, col_P]

    top_P, left_P, bottom_P, right_P = np.asarray(boxes_P4, np.int64).T
    covered_P = above(bottom_P, right_P) - above(top_P, right_P) - above(bottom_P, left_P) + above(top_P, left_P)
    return covered_P / ((bottom_P - top_P) * (right_P - left_P))
