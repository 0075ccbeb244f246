"""What a sequential network computes up to its classifier: convolutions, ReLUs and pools, read from its modules.

Receptive fields, map shapes, names of layers, peaks and gradients all follow from this one description. What is not
understood is refused by name, since a wrong picture looks like a right one.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

from torch import Tensor, nn

from lp_core.network.chain import chain
from lp_core.network.folding import folded
from lp_core.network.layers import Architecture, Kernel, Layer
from lp_core.network.vgg16 import AngleConv2d

CONVOLUTIONS = (nn.Conv2d, AngleConv2d)
POOLS = (nn.MaxPool2d, nn.AvgPool2d)
BLOCKS = ("lp_core.network.vgg16.VGG16", "torchvision.models.vgg.VGG")
"""Networks whose layers are known as conv1_1, conv1_2 and so on."""


@dataclass(frozen=True, eq=False)
class Step:
    """A convolution or pool, and whether a ReLU comes right after it.

    Attributes:
        name: of its module in the tree of modules.
        module: computes it; of a convolution with batch normalisation, the two in one.
        kernel: what an output reads.
        relu: whether a ReLU comes after it.
        layer: name of the layer that a convolution and its ReLU are; None where there is no layer.
    """

    name: str
    module: nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d
    kernel: Kernel
    relu: bool = False
    layer: str | None = None


@dataclass(frozen=True, eq=False)
class Stack:
    """The steps of a network in evaluation mode, from the image to its last convolution or pool.

    `Stack.of(network)` reads any sequential network; `architecture` has its layers without weights: names, channels and
    kernels.

    Source: docs/NETWORKS.md lists the modules that are understood, and what they were compared with.
    """

    steps: tuple[Step, ...]

    @classmethod
    def of(cls, network: nn.Module | Stack) -> Stack:
        """Read a network; a stack is returned as it is.

        Dropout is nothing in evaluation mode, batch normalisation a part of the convolution before it. Classes must be
        the very same: a subclass may compute anything.

        Raises:
            ValueError: a module is of a kind that is not computed; the message names it.
        """
        if isinstance(network, Stack):
            return network
        steps: list[Step] = []
        for name, module in chain(network):
            kind = type(module)
            last = steps[-1] if steps else None
            if kind in CONVOLUTIONS or kind in POOLS:
                steps.append(Step(name, module, _kernel(module, name)))  # type: ignore[arg-type]
            elif kind is nn.ReLU and last:
                steps[-1] = replace(last, relu=True)
            elif kind is nn.BatchNorm2d and last and isinstance(last.module, nn.Conv2d) and not last.relu:
                steps[-1] = replace(last, module=with_weights(last.module, *folded(last.module, module, name)))
            else:
                raise ValueError(f"{name} is {kind.__name__}{_place(module, last)}, which is not computed; {KNOWN}")
        cls._check_circle(steps)
        blocks = f"{type(network).__module__}.{type(network).__qualname__}" in BLOCKS
        stack = cls(tuple(_with_layers(steps, blocks)))
        if not stack.layers:
            raise ValueError(f"{type(network).__name__} has no ReLU right after a convolution, so it has no layers")
        return stack

    @cached_property
    def layers(self) -> dict[str, int]:
        """Index of each layer's step, by name, in order."""
        return {step.layer: index for index, step in enumerate(self.steps) if step.layer is not None}

    @cached_property
    def architecture(self) -> Architecture:
        """The layers without their weights."""
        kernels = [step.kernel for step in self.steps]
        return Architecture(
            tuple(
                Layer(name, self.convolution(name).out_channels, tuple(kernels[: index + 1]))
                for name, index in self.layers.items()
            )
        )

    @property
    def is_circular(self) -> bool:
        """Whether the network takes its rows as a circle."""
        return isinstance(self.steps[0].module, AngleConv2d)

    def up_to(self, layer: str) -> tuple[Step, ...]:
        """Return the steps from the image to a layer, itself included.

        Raises:
            KeyError: there is no such layer; the message lists those there are.
        """
        return self.steps[: len(self.architecture[layer].kernels)]

    def convolution(self, layer: str) -> nn.Conv2d:
        """Return the convolution of a layer."""
        module = self.steps[self.layers[layer]].module
        assert isinstance(module, nn.Conv2d)
        return module

    def last_map(self, x_N3SR: Tensor) -> Tensor:
        """Return the map after the last step, [N, C, S, R]."""
        y = x_N3SR
        for step in self.steps:
            y = step.module(y)
            if step.relu:
                y = y.relu_()
        return y

    def with_bias(self, layer: str, value: float) -> Stack:
        """Return the same stack but for the bias of a layer; all else is shared."""
        index, module = self.layers[layer], self.convolution(layer)
        bias = module.weight.new_full((module.out_channels,), value)
        changed = replace(self.steps[index], module=with_weights(module, module.weight, bias))
        return Stack((*self.steps[:index], changed, *self.steps[index + 1 :]))

    @staticmethod
    def _check_circle(steps: list[Step]) -> None:
        """Rows are a circle to all convolutions or to none, and a pool cuts it into whole parts."""
        if not any(type(step.module) is AngleConv2d for step in steps):
            return
        for step in steps:
            whole = step.kernel.size == step.kernel.stride and step.kernel.padding == 0 and not step.kernel.ceil
            of_circle = type(step.module) is AngleConv2d or (type(step.module) in POOLS and whole)
            if not of_circle:
                raise ValueError(f"{step.name} is {type(step.module).__name__} in a network that wraps its rows")


KNOWN = "a network may have Conv2d, BatchNorm2d after one, ReLU, MaxPool2d, AvgPool2d and Dropout, one after the other"


def with_weights(module: nn.Conv2d, weight: Tensor, bias: Tensor) -> nn.Conv2d:
    """Return the same convolution with other weights."""
    changed = copy(module)
    parameters = {
        "weight": weight if isinstance(weight, nn.Parameter) else nn.Parameter(weight, requires_grad=False),
        "bias": nn.Parameter(bias, requires_grad=False),
    }
    object.__setattr__(changed, "_parameters", parameters)
    return changed


def _with_layers(steps: list[Step], blocks: bool) -> Iterator[Step]:
    """Name the layers: by block and number in a VGG, else by their modules."""
    block, number = 1, 0
    for step in steps:
        if type(step.module) in POOLS:
            block, number = block + 1, 0
            yield step
        else:
            number += 1
            name = f"conv{block}_{number}" if blocks else step.name
            yield replace(step, layer=name if step.relu else None)


def _kernel(module: nn.Module, name: str) -> Kernel:
    """What an output of a convolution or pool reads.

    Raises:
        ValueError: it differs along the two axes, or pads with something else than nothing.
    """
    settings = []
    for setting, unless_given in (("kernel_size", 1), ("stride", 1), ("padding", 0), ("dilation", 1)):
        value = getattr(module, setting, unless_given)
        if value in ("same", "valid"):
            value = _named_padding(module, value, name)
        along_rows, along_cols = value if isinstance(value, tuple) else (value, value)
        if along_rows != along_cols or not isinstance(along_rows, int):
            raise ValueError(f"{name} has {setting} {value}; give one number for both axes")
        settings.append(along_rows)
    if getattr(module, "padding_mode", "zeros") != "zeros":
        raise ValueError(f"{name} has padding_mode {module.padding_mode}; only zeros are computed")
    if getattr(module, "return_indices", False):
        raise ValueError(f"{name} returns indices; give return_indices False")
    size, stride, padding, dilation = settings
    return Kernel(size, stride, padding, dilation, bool(getattr(module, "ceil_mode", False)))


def _named_padding(module: nn.Module, padding: str, name: str) -> int:
    assert isinstance(module, nn.Conv2d)
    size, dilation = module.kernel_size[0], module.dilation[0]
    sides, odd = divmod(dilation * (size - 1), 2)
    if padding == "same" and odd:
        raise ValueError(f"{name} has padding 'same' and an even kernel, which pads one side more; give a number")
    return sides if padding == "same" else 0


def _place(module: nn.Module, last: Step | None) -> str:
    """Where a module stands that is computed in other places."""
    if type(module) not in (nn.ReLU, nn.BatchNorm2d):
        return ""
    return " at the very beginning" if last is None else " not right after a convolution"
