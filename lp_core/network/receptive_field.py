"""Which pixels of the network input a unit of VGG-16 can see: arithmetic only, no network is run."""

from __future__ import annotations

from typing import NamedTuple

from lp_core.network.layers import conv_layers


class Box(NamedTuple):
    """Half-open rectangle in px of the network input; it may reach beyond the input, into the padding."""

    top: int
    left: int
    bottom: int
    right: int


class ReceptiveField(NamedTuple):
    """Along either axis, unit i sees the `size` px from `stride * i - offset` on."""

    stride: int
    offset: int
    size: int


def receptive_field(layer: str) -> ReceptiveField:
    """Return (stride, offset, size) in px of a convolution's units: conv5_2 -> (16, 74, 164).

    Raises:
        KeyError: there is no such layer; the message lists those there are.

    Source: from the unit down, a 3 x 3 convolution with padding 1 adds one px on each side, a 2 x 2 pool doubles all.
    """
    pools = pools_before(layer)
    names = list(conv_layers())
    offset, size = 0, 1
    for name in reversed(names[: names.index(layer) + 1]):
        while pools > pools_before(name):
            pools, offset, size = pools - 1, 2 * offset, 2 * size
        offset, size = offset + 1, size + 2
    return ReceptiveField(2 ** pools_before(layer), offset, size)


def unit_box(layer: str, row: int, col: int) -> Box:
    """Return the receptive field of the unit at (row, col) of a layer's map: half-open, unclipped, in input px."""
    stride, offset, size = receptive_field(layer)
    top, left = stride * row - offset, stride * col - offset
    return Box(top, left, top + size, left + size)


def map_shape(layer: str, shape_SR: tuple[int, int]) -> tuple[int, int]:
    """Return rows and columns of a layer's map for a network input of S rows and R columns."""
    stride = 2 ** pools_before(layer)
    return shape_SR[0] // stride, shape_SR[1] // stride


def pools_before(layer: str) -> int:
    """Return how many 2 x 2 pools lie between the input and a convolution: 0 for conv1_2, 4 for conv5_1."""
    if layer not in conv_layers():
        raise KeyError(f"no layer '{layer}'; there are {', '.join(conv_layers())}")
    return int(layer.removeprefix("conv").split("_")[0]) - 1
