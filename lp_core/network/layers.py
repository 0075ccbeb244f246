"""The layers of VGG-16 by name and size. Knows their numbers alone: importing this costs nothing."""

from __future__ import annotations

from typing import NamedTuple


class Kernel(NamedTuple):
    """What one output of a convolution or pool reads of its input, along either axis, in positions of that input."""

    size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1

    @property
    def reach(self) -> int:
        """Positions from the first one read to the last one."""
        return self.dilation * (self.size - 1) + 1

    def outputs(self, inputs: int) -> int:
        """Return the number of outputs along an axis with that many inputs; an incomplete last one is dropped."""
        return (inputs + 2 * self.padding - self.reach) // self.stride + 1


CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of every convolution, by block. Source: Simonyan & Zisserman 2014, configuration D."""

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


def conv_layers() -> dict[str, int]:
    """Return the index within `features` of each convolution, by name: {"conv1_1": 0, ..., "conv5_3": 28}."""
    table = {}
    index = 0
    for block, stage in enumerate(CHANNELS, start=1):
        for number in range(1, len(stage) + 1):
            table[f"conv{block}_{number}"] = index
            index += 2
        index += 1
    return table


def conv_channels(width: float) -> dict[str, int]:
    """Return the number of channels of each convolution, by name."""
    flat = [full_width for stage in CHANNELS for full_width in stage]
    return {name: scaled(full_width, width) for name, full_width in zip(conv_layers(), flat, strict=True)}


def kernels(layer: str) -> tuple[Kernel, ...]:
    """Return the convolutions and pools from the input up to a convolution, itself included.

    Raises:
        KeyError: there is no such layer; the message lists those there are.
    """
    if layer not in conv_layers():
        raise KeyError(f"no layer '{layer}'; there are {', '.join(conv_layers())}")
    passed: list[Kernel] = []
    for block, stage in enumerate(CHANNELS, start=1):
        for number in range(1, len(stage) + 1):
            passed.append(CONVOLUTION)
            if f"conv{block}_{number}" == layer:
                return tuple(passed)
        passed.append(POOL)
    raise AssertionError(f"{layer} is in no block")
