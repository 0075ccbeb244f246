"""The layers of VGG-16 by name and size. Knows their numbers alone: importing this costs nothing."""

from __future__ import annotations

CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of every convolution, by block. Source: Simonyan & Zisserman 2014, configuration D."""

HIDDEN = 4096
"""Units of each hidden layer of the classifier. Source: the same."""


def scaled(channels: int, width: float) -> int:
    """Number of channels at a width multiplier, at least one."""
    return max(1, round(channels * width))


def hidden_units(width: float) -> int:
    """Units of each hidden layer of the classifier."""
    return scaled(HIDDEN, width)


def conv_layers() -> dict[str, int]:
    """Index within `features` of each convolution, by name: {"conv1_1": 0, ..., "conv5_3": 28}."""
    table = {}
    index = 0
    for block, stage in enumerate(CHANNELS, start=1):
        for place in range(1, len(stage) + 1):
            table[f"conv{block}_{place}"] = index
            index += 2
        index += 1
    return table


def conv_channels(width: float) -> dict[str, int]:
    """Number of channels of each convolution, by name."""
    flat = [full_width for stage in CHANNELS for full_width in stage]
    return {name: scaled(full_width, width) for name, full_width in zip(conv_layers(), flat, strict=True)}
