"""Which pixels of the network input a unit can see: arithmetic only, no network is run.

`receptive_field("conv4_2")` computes it from the table of VGG-16's layers and needs no torch;
`receptive_fields(modules)` from a network's own modules. Both pass a `ReceptiveField` through the kernels in order.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from lp_core.network.layers import Kernel, kernels

if TYPE_CHECKING:
    from torch import nn


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
def receptive_field(layer: str) -> ReceptiveField:
    """Return (stride, offset, size) in px of the units of VGG-16's convolution: conv5_2 -> (16, 74, 164).

    Raises:
        KeyError: there is no such layer; the message lists those there are.
    """
    return functools.reduce(ReceptiveField.through, kernels(layer), PIXEL)


def receptive_fields(modules: Iterable[nn.Module]) -> list[ReceptiveField]:
    """Return the receptive field of the units after each module of a sequential network, from its own settings.

    Args:
        modules: convolutions, max and mean pools, and ReLUs, in order; such as `network.features`.

    Raises:
        ValueError: a module is of another class, or differs along its two axes; the message names it.
    """
    fields = []
    field = PIXEL
    for number, module in enumerate(modules):
        kernel = _kernel(module, number)
        field = field if kernel is None else field.through(kernel)
        fields.append(field)
    return fields


def map_shape(layer: str, shape_SR: tuple[int, int]) -> tuple[int, int]:
    """Return rows and columns of the map of VGG-16's convolution for a network input of S rows and R columns."""
    rows, cols = shape_SR
    for kernel in kernels(layer):
        rows, cols = kernel.outputs(rows), kernel.outputs(cols)
    return rows, cols


def _kernel(module: nn.Module, number: int) -> Kernel | None:
    """What a module reads; None where it reads the one position that it writes."""
    from torch import nn  # here, because readers of tables need no torch, which takes a second to import

    if isinstance(module, nn.ReLU):
        return None
    if not isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        raise ValueError(f"module {number} is {type(module).__name__}, whose receptive field is not known")
    settings = []
    for name, unless_given in (("kernel_size", 1), ("stride", 1), ("padding", 0), ("dilation", 1)):
        value = getattr(module, name, unless_given)
        along_rows, along_cols = value if isinstance(value, tuple) else (value, value)
        if along_rows != along_cols or not isinstance(along_rows, int):
            raise ValueError(f"module {number} has {name} {value}; give one number for both axes")
        settings.append(along_rows)
    return Kernel(*settings)
