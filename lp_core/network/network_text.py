"""A sequential network that a text describes, module by module: what a run keeps of a network of the user's own.

`features.0 Conv2d 3 64 11 4 2 1 1; features.0 ReLU; features.2 MaxPool2d 3 2 0 1 0` and so on: name, kind and numbers.
No code of the user's is needed again, on no worker and in no later command.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import NamedTuple

from lp_core.network.layers import Architecture, Kernel, Layer

NUMBERS = {
    "Conv2d": ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups"),
    "MaxPool2d": ("kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    "AvgPool2d": ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"),
    "AdaptiveAvgPool2d": ("output_size",),
    "Linear": ("in_features", "out_features"),
    "Dropout": ("millionths",),
    "ReLU": (),
    "Flatten": (),
}
"""Settings of each kind of module, in the order of its numbers; a divisor of 0 is none."""
MILLION = 1_000_000


class Part(NamedTuple):
    """A module in words and numbers."""

    name: str
    kind: str
    numbers: tuple[int, ...]

    @property
    def kernel(self) -> Kernel | None:
        """What an output reads, of a convolution or pool."""
        numbers = dict(zip(NUMBERS[self.kind], self.numbers, strict=True))
        if "kernel_size" not in numbers:
            return None
        return Kernel(
            numbers["kernel_size"],
            numbers["stride"],
            numbers["padding"],
            numbers.get("dilation", 1),
            bool(numbers.get("ceil_mode", 0)),
        )


def text_of(parts: Iterable[Part]) -> str:
    """Return the text of a network."""
    return "; ".join(" ".join([part.name, part.kind, *map(str, part.numbers)]) for part in parts)


@functools.cache
def parts_of(text: str) -> tuple[Part, ...]:
    """Return the modules of a text.

    Raises:
        ValueError: it is no such text; the message names the part.
    """
    parts = []
    for words in (part.split() for part in text.split(";")):
        known = len(words) >= 2 and words[1] in NUMBERS and len(words) == 2 + len(NUMBERS[words[1]])
        if not known or not all(word.isdecimal() for word in words[2:]):
            raise ValueError(f"'{' '.join(words)}' describes no module; such a text is made from a network")
        parts.append(Part(words[0], words[1], tuple(map(int, words[2:]))))
    return tuple(parts)


@functools.cache
def text_architecture(text: str) -> Architecture:
    """Return the layers of a network: its convolutions with a ReLU right behind."""
    layers: list[Layer] = []
    kernels: list[Kernel] = []
    parts = [part for part in parts_of(text) if part.kind != "Dropout"]
    for part, after in zip(parts, (*parts[1:], None), strict=True):
        if (kernel := part.kernel) is None:
            continue
        kernels.append(kernel)
        if part.kind == "Conv2d" and after is not None and after.kind == "ReLU":
            layers.append(Layer(part.name, part.numbers[1], tuple(kernels)))
    return Architecture(tuple(layers))
