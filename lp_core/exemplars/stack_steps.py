"""The steps of a stack forward and back: over a whole map, or over the part of it that one unit sees.

Shapes: N units (each in its own image), C channels, S R rows and columns of a map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lp_core.exemplars.field_pixels import inside_map
from lp_core.exemplars.relu_rules import ReluRule
from lp_core.network.layers import Kernel
from lp_core.network.stack import Step
from lp_core.network.vgg16 import AngleConv2d

Side = tuple[int, int]
"""Rows and columns."""


@dataclass(frozen=True)
class Passed:
    """A step that a map has passed through, with what its way back needs.

    Attributes:
        step: the step.
        kernel: what an output read, without padding where receptive fields were cut.
        shape: of the step's input.
        active: where the ReLU after it is positive; None without one.
        switches: which input each output of a maximum came from; else None.
        inside: where a cut receptive field covers the real map.
        divisor: of a mean over a cut receptive field.
    """

    step: Step
    kernel: Kernel
    shape: torch.Size
    active: Tensor | None
    switches: Tensor | None = None
    inside: Tensor | float = 1.0
    divisor: Tensor | float = 1.0

    def back(self, g: Tensor, through_relu: ReluRule) -> Tensor:
        """Return the gradient of the step's input, given that of its output."""
        if not isinstance(self.inside, float):
            g = g * self.inside
        if self.active is not None:
            g = through_relu(g, self.active)
        module = self.step.module
        if isinstance(module, AngleConv2d) and self.kernel.padding:
            return _unwrapped(F.conv_transpose2d(g, module.weight, padding=(0, 1)))
        if isinstance(module, nn.Conv2d):
            return conv_back(g, module, self.kernel, self.shape)
        if self.switches is not None:
            return _max_back(g, self.kernel, self.shape, self.switches)
        assert isinstance(module, nn.AvgPool2d)
        cut = not isinstance(self.divisor, float)
        own = (False, True, 1) if cut else (module.ceil_mode, module.count_include_pad, module.divisor_override)
        size, stride, padding = ((value,) * 2 for value in self.kernel[:3])
        given = g / self.divisor if cut else g
        return torch.ops.aten.avg_pool2d_backward(given, g.new_empty(self.shape), size, stride, padding, *own)


def through_map(step: Step, y: Tensor) -> tuple[Tensor, Passed]:
    """Pass whole maps [N, C, S, R] through a step."""
    shape, switches, kernel = y.shape, None, step.kernel
    if isinstance(step.module, nn.MaxPool2d):
        y, switches = _maxima(y, kernel)
    else:
        y = step.module(y)
    if step.relu:
        y = y.clamp_(min=0)
    return y, Passed(step, kernel, shape, y > 0 if step.relu else None, switches)


@dataclass(frozen=True)
class Place:
    """Where squares that were cut from maps begin, and how large the maps are."""

    start_N2: Tensor
    rows: int
    cols: int
    is_circular: bool

    def through(self, kernel: Kernel) -> Place:
        """Return the same for the outputs of a kernel; squares begin where one of its windows does."""
        start_N2 = (self.start_N2 + kernel.padding) // kernel.stride
        rows = self.rows // kernel.stride if self.is_circular else kernel.outputs(self.rows)
        return Place(start_N2, rows, kernel.outputs(self.cols), self.is_circular)

    def inside(self, size: int) -> Tensor:
        """Return bool [N, 1, size, size]: which px of squares lie on their map."""
        return inside_map(self.start_N2, size, self.rows, self.cols, self.is_circular)


def through_squares(step: Step, y: Tensor, place: Place) -> tuple[Tensor, Place, Passed]:
    """Pass squares [N, C, L, L] through a step: without padding, and held at zero beyond the edges of the real maps."""
    shape, switches = y.shape, None
    divisor: Tensor | float = 1.0
    kernel = step.kernel._replace(padding=0, ceil=False)
    after = place.through(step.kernel)
    size = kernel.outputs(y.shape[2])
    inside = after.inside(size)
    module = step.module
    if isinstance(module, nn.Conv2d):
        y = F.conv2d(y, module.weight, module.bias, kernel.stride, 0, kernel.dilation, module.groups)
    elif isinstance(module, nn.MaxPool2d):
        if step.kernel.padding or step.kernel.ceil:
            y = y.masked_fill(~place.inside(y.shape[2]), -torch.inf)
        y, switches = _maxima(y, kernel)
        y = y.masked_fill_(~inside, 0)
    else:
        divisor = _divisors(module, step.kernel, place, after, size).to(y.dtype)
        y = F.avg_pool2d(y, kernel.size, kernel.stride, divisor_override=1) / divisor
    if step.relu:
        y = y.clamp_(min=0)
    y = y.mul_(inside)
    return y, after, Passed(step, kernel, shape, y > 0 if step.relu else None, switches, inside, divisor)


def conv_back(g: Tensor, module: nn.Conv2d, kernel: Kernel, shape: torch.Size) -> Tensor:
    """Return the gradient of a convolution's input [N, C, S, R] of the given shape."""
    left_over = tuple(
        inputs - ((outputs - 1) * kernel.stride - 2 * kernel.padding + kernel.reach)
        for inputs, outputs in zip(shape[2:], g.shape[2:], strict=True)
    )
    return F.conv_transpose2d(
        g, module.weight, None, kernel.stride, kernel.padding, left_over, module.groups, kernel.dilation
    )


def _maxima(y: Tensor, kernel: Kernel) -> tuple[Tensor, Tensor]:
    return F.max_pool2d(
        y, kernel.size, kernel.stride, kernel.padding, kernel.dilation, kernel.ceil, return_indices=True
    )


def _max_back(g: Tensor, kernel: Kernel, shape: torch.Size, switches: Tensor) -> Tensor:
    """Give each gradient to the input that was the maximum; where windows overlap, they add up."""
    if kernel == Kernel(kernel.size, kernel.size):
        return F.max_unpool2d(g, switches, [kernel.size] * 2, [kernel.stride] * 2, output_size=shape[2:])
    sides: list[Any] = [[value] * 2 for value in kernel[:4]]
    layout = torch.channels_last if g.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
    like = torch.empty(shape, dtype=g.dtype, device=g.device, memory_format=layout)
    return torch.ops.aten.max_pool2d_with_indices_backward(g, like, *sides, kernel.ceil, switches)


def _unwrapped(g: Tensor) -> Tensor:
    """Add what went to the wrapped rows to the rows that they repeat."""
    g[:, :, 1] += g[:, :, -1]
    g[:, :, -2] += g[:, :, 0]
    return g[:, :, 1:-1]


def _divisors(module: nn.AvgPool2d, kernel: Kernel, before: Place, after: Place, size: int) -> Tensor:
    """What each output of a mean is divided by, int64 [N, 1, size, size], as torch counts at the edges of a map."""
    if module.divisor_override:
        return torch.full((1, 1, 1, 1), module.divisor_override, device=after.start_N2.device)
    counts = []
    for axis, inputs in enumerate((before.rows, before.cols)):
        index_NL = after.start_N2[:, axis, None] + torch.arange(size, device=after.start_N2.device)
        first_NL = index_NL * kernel.stride - kernel.padding
        if axis == 0 and before.is_circular:
            counts.append(torch.full_like(first_NL, kernel.size))
            continue
        edge = kernel.padding if module.count_include_pad else 0
        last_NL = (first_NL + kernel.size).clamp(max=inputs + edge)
        counts.append((last_NL - (first_NL if edge else first_NL.clamp(min=0))).clamp(min=1))
    return (counts[0][:, :, None] * counts[1][:, None, :])[:, None]
