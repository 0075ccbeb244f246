"""The layers of a network by name, size and kernels. Knows their numbers alone: importing this costs nothing."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from lp_core.settings import NetworkSettings


class Kernel(NamedTuple):
    """What one output of a convolution or pool reads of its input, along either axis, in positions of that input."""

    size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    ceil: bool = False
    """Whether an incomplete last output, which begins within the input, is kept."""

    @property
    def reach(self) -> int:
        """Positions from the first one read to the last one."""
        return self.dilation * (self.size - 1) + 1

    def outputs(self, inputs: int) -> int:
        """Return the number of outputs along an axis with that many inputs; 0 or less where it is too short."""
        free = inputs + 2 * self.padding - self.reach
        if not self.ceil:
            return free // self.stride + 1
        complete = -(-free // self.stride) + 1
        return complete - ((complete - 1) * self.stride >= inputs + self.padding)


@dataclass(frozen=True)
class Layer:
    """A convolution and the ReLU after it: what has channels, and units on a map.

    Attributes:
        name: such as conv5_2, or its place in the tree of modules.
        channels: of its map.
        kernels: the convolutions and pools from the input up to it, itself included.
    """

    name: str
    channels: int
    kernels: tuple[Kernel, ...]


@dataclass(frozen=True)
class Architecture:
    """The layers of a sequential network, in order: a network without its weights."""

    layers: tuple[Layer, ...]

    @property
    def channels(self) -> dict[str, int]:
        """Number of channels by layer."""
        return {layer.name: layer.channels for layer in self.layers}

    def __getitem__(self, name: str) -> Layer:
        """Return a layer.

        Raises:
            KeyError: there is no such layer; the message lists those there are.
        """
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"no layer '{name}'; there are {', '.join(self.channels)}")


PRIMARY = "conv5_2"
"""The layer that is shown and compared where one is. Source: the paper's figures, and the specification of measures."""


def primary_layer(layers: Sequence[str]) -> str:
    """Return `PRIMARY`, or the last layer of a network without it."""
    return PRIMARY if PRIMARY in layers else layers[-1]


Depth = Literal[11, 13, 16, 19]

CONFIGURATIONS: dict[Depth, tuple[int, ...]] = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
"""Convolutions of each block, by depth. Source: Simonyan & Zisserman 2014, table 1, configurations A, B, D and E."""

WIDTHS = (64, 128, 256, 512, 512)
"""Channels of the convolutions of each block. Source: the same."""

CONVOLUTION = Kernel(3, padding=1)
"""Every convolution. Source: the same."""

POOL = Kernel(2, stride=2)
"""The pool at the end of every block. Source: the same."""

HIDDEN = 4096
"""Units of each hidden layer of the classifier. Source: the same."""


def scaled(channels: int, width: float) -> int:
    """Return the number of channels at a width multiplier, at least one."""
    return max(1, round(channels * width))


def hidden_units(width: float) -> int:
    """Return the units of each hidden layer of the classifier."""
    return scaled(HIDDEN, width)


def block_channels(depth: Depth, width: float) -> list[list[int]]:
    """Return the channels of every convolution of a VGG, by block."""
    return [[scaled(channels, width)] * count for channels, count in zip(WIDTHS, CONFIGURATIONS[depth], strict=True)]


@functools.cache
def vgg(depth: Depth = 16, width: float = 1.0) -> Architecture:
    """Return the layers of a VGG: conv1_1 to conv5_3 in VGG-16.

    Args:
        depth: layers with weights, one of `CONFIGURATIONS`.
        width: multiplies every number of channels.
    """
    layers: list[Layer] = []
    passed: tuple[Kernel, ...] = ()
    for block, stage in enumerate(block_channels(depth, width), start=1):
        for number, channels in enumerate(stage, start=1):
            passed += (CONVOLUTION,)
            layers.append(Layer(f"conv{block}_{number}", channels, passed))
        passed += (POOL,)
    return Architecture(tuple(layers))


VGG_16 = vgg()
"""The usual network, at full width."""


def architecture_of(settings: NetworkSettings) -> Architecture:
    """Return the layers of the network of a run."""
    if settings.modules:
        from lp_core.network.network_text import text_architecture  # which needs this module

        return text_architecture(settings.modules)
    return vgg(settings.depth, settings.width)


def conv_layers(depth: Depth = 16) -> dict[str, int]:
    """Return the index within `features` of each convolution of a VGG: {"conv1_1": 0, ..., "conv5_3": 28}."""
    table = {}
    index = 0
    for block, count in enumerate(CONFIGURATIONS[depth], start=1):
        for number in range(1, count + 1):
            table[f"conv{block}_{number}"] = index
            index += 2
        index += 1
    return table


def conv_channels(width: float, depth: Depth = 16) -> dict[str, int]:
    """Return the number of channels of each convolution of a VGG, by name."""
    return vgg(depth, width).channels
