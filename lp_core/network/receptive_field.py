"""Which pixels of the network input a unit can see: arithmetic only, no network is run.

A `ReceptiveField` passes through the kernels of a layer in order; `receptive_field("conv4_2")` needs no torch. Kernels
of other networks come from their modules (`lp_core.network.stack`).
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from lp_core.network.layers import VGG_16, Architecture, Kernel


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

    def through(self, kernel: Kernel) -> ReceptiveField:
        """Return the receptive field of the outputs of a kernel that reads units of this one.

        Source: Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep learning"; checked by experiment.
        """
        return ReceptiveField(
            self.stride * kernel.stride,
            self.offset + self.stride * kernel.padding,
            self.size + self.stride * (kernel.reach - 1),
        )

    def box(self, row: int, col: int) -> Box:
        """Return what the unit at (row, col) of the map sees: half-open, unclipped, in px of the network input."""
        top, left = self.stride * row - self.offset, self.stride * col - self.offset
        return Box(top, left, top + self.size, left + self.size)


PIXEL = ReceptiveField(stride=1, offset=0, size=1)
"""What a px of the network input sees."""


@functools.cache
def receptive_field(layer: str, architecture: Architecture = VGG_16) -> ReceptiveField:
    """Return (stride, offset, size) in px of the units of a layer: conv5_2 of VGG-16 -> (16, 74, 164).

    Unit i sees, along either axis, the `size` px of the network input from `stride * i - offset` on. A kernel of step
    s, padding p and reach k turns (stride, offset, size) into (stride s, offset + stride p, size + stride (k - 1)).

    Args:
        layer: its name, such as "conv5_2".
        architecture: layers and kernels of a network, such as `Stack.of(network).architecture`.

    Raises:
        KeyError: there is no such layer; the message lists those there are.

    Source: Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep learning"; checked by experiment.
    """
    return functools.reduce(ReceptiveField.through, architecture[layer].kernels, PIXEL)


def map_shape(layer: str, shape_SR: tuple[int, int], architecture: Architecture = VGG_16) -> tuple[int, int]:
    """Return rows and columns of the map of a layer for a network input of S rows and R columns."""
    rows, cols = shape_SR
    for kernel in architecture[layer].kernels:
        rows, cols = kernel.outputs(rows), kernel.outputs(cols)
    return rows, cols
