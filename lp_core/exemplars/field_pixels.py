"""Which pixels of an image stand for a unit's receptive field: a square of its own, or a part of the image.

Shapes: N units (each in its own image), C channels, S R rows and columns of the whole map, L side of a square.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lp_core.network.receptive_field import ReceptiveField


def crop_suffices(field: ReceptiveField, shape_SR: tuple[int, int], circular: bool) -> bool:
    """Return whether the receptive field can stand for the whole image, with less work and equal results.

    Where rows wrap around it cannot if the receptive field goes round more than once: one row would then be computed
    twice, and a ReLU must see the sum.
    """
    return field.size**2 < shape_SR[0] * shape_SR[1] and (field.size <= shape_SR[0] or not circular)


@dataclass(frozen=True)
class ImagePart:
    """The part of an image that a unit sees; it begins where all pools before the unit's layer begin a cell."""

    top: int
    left: int
    rows: int
    cols: int


def image_part(start: list[int], field: ReceptiveField, shape_SR: tuple[int, int], circular: bool) -> ImagePart:
    """Return the part for the receptive field that begins at a row and column; a circle of rows is whole or part."""
    (top, rows), (left, cols) = (_stretch(first, field, side) for first, side in zip(start, shape_SR, strict=True))
    if circular:
        top, rows = start[0] - start[0] % field.stride, field.size + start[0] % field.stride
        if rows >= shape_SR[0]:
            top, rows = 0, shape_SR[0]
    return ImagePart(top, left, rows, cols)


def _stretch(first: int, field: ReceptiveField, side: int) -> tuple[int, int]:
    """First px, and number of px, of an image's side that stand for a receptive field; one where it sees none."""
    begin = max(0, min(first, side - 1))
    begin -= begin % field.stride
    return begin, min(side, max(first + field.size, 1)) - begin


def cut_squares(x_NCSR: Tensor, start_N2: Tensor, size: int, circular: bool) -> Tensor:
    """Return squares [N, C, size, size] that begin at a row and column; zero beyond the map unless rows wrap around."""
    rows, cols = x_NCSR.shape[2:]
    row_NL, col_NL = (start_N2[:, :, None] + torch.arange(size, device=x_NCSR.device)).unbind(1)
    row_NL = row_NL % rows if circular else row_NL.clamp(0, rows - 1)
    image_N11 = torch.arange(len(x_NCSR), device=x_NCSR.device)[:, None, None]
    cut_NLLC = x_NCSR[image_N11, :, row_NL[:, :, None], col_NL.clamp(0, cols - 1)[:, None, :]]
    # Rounding depends on the memory format: the crop keeps that of the image.
    layout = torch.channels_last if is_channels_last(x_NCSR) else torch.contiguous_format
    cut_NCLL = cut_NLLC.movedim(3, 1).contiguous(memory_format=layout)
    return cut_NCLL * inside_map(start_N2, size, rows, cols, circular)


def inside_map(start_N2: Tensor, size: int, rows: int, cols: int, circular: bool) -> Tensor:
    """Return bool [N, 1, size, size]: which px of squares lie on a map of these rows and columns."""
    row_NL, col_NL = (start_N2[:, :, None] + torch.arange(size, device=start_N2.device)).unbind(1)
    row_inside = torch.ones_like(row_NL, dtype=torch.bool) if circular else (row_NL >= 0) & (row_NL < rows)
    col_inside = (col_NL >= 0) & (col_NL < cols)
    return (row_inside[:, :, None] & col_inside[:, None, :])[:, None]


def is_channels_last(x_NCSR: Tensor) -> bool:
    """Return whether a tensor is in channels_last and in no other memory format."""
    return x_NCSR.is_contiguous(memory_format=torch.channels_last) and not x_NCSR.is_contiguous()
