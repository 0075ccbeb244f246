"""What drives one unit in one image: the gradient of its activation, by three rules for going back through a ReLU.

Only the pixels that the unit sees are computed, in one of two ways. Its receptive field is cut from the image and
convolved without padding, and everything beyond the edges of the real maps is held at zero, which is what the network's
padding means; or, where most of the receptive field lies beyond the image or is as large, the part that is inside is
taken for a whole image.

Shapes: N units (each in its own image), C channels, S R sectors and rings of the whole input, L side of the receptive
field.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from numbers import Integral

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lp_core.exemplars.field_pixels import (
    ImagePart,
    crop_suffices,
    cut_squares,
    image_part,
    inside_map,
    is_channels_last,
)
from lp_core.exemplars.relu_rules import RELU_RULES, ReluRule
from lp_core.network.layers import conv_layers
from lp_core.network.layout import check_layout
from lp_core.network.receptive_field import ReceptiveField, map_shape, receptive_fields
from lp_core.network.vgg16 import VGG16, AngleConv2d
from lp_core.settings import Rule

Unit = tuple[int, int, int]
"""Channel, row and column in a layer's map."""
LIFT = 1e9
"""Bias above the size of every sum of inputs of a unit. Our choice: activations are below 65,504 in practice."""
PART_SHARE = 0.75
"""A part of the image is faster than crops if it has fewer px by this: convolutions of crops get smaller from layer to
layer. Source: measured on conv5_1 to conv5_3 at 224 px with `benchmarks.guided_backprop_speed`."""


@torch.no_grad()
def guided_backprop(
    network: VGG16, x_N3SR: Tensor, layer: str, units: Sequence[Unit], rule: Rule = "guided"
) -> tuple[Tensor, Tensor]:
    """Return what drives each unit in its image, cut to its receptive field, and its activation.

    Args:
        network: any VGG16, or torchvision's `vgg16`; nothing is attached to it or changed.
        x_N3SR: normalised input, one image per unit, on the network's device, in its precision.
        layer: the units' layer, such as "conv5_2"; a unit is taken after its ReLU.
        units: (channel, row, col) of each.
        rule: what a ReLU lets back, one of `RELU_RULES`. A unit that is not active gives zeros, except under
            `deconvnet`.

    Returns:
        Gradient [N, 3, L, L] aligned to `ReceptiveField.box`, zero beyond the image (rows of a network that wraps them
        show what they wrap to), and activation [N] after ReLU.

    Raises:
        ValueError: unknown rule, other number of units than images, a unit outside the map, another network than
            VGG-16, or a circle of rows that the pools before the layer do not halve evenly: its units see no box.
    """
    channel_N, row_N, col_N = _unit_tensors(network, x_N3SR, layer, units, rule)
    field = receptive_fields(list(network.features)[: conv_layers()[layer] + 1])[-1]
    rows, cols = x_N3SR.shape[2:]
    circular = wraps(network)
    if circular and rows % field.stride:
        raise ValueError(
            f"the images have {rows} rows, a circle to this network, and the pools before {layer} would drop some; "
            f"give a multiple of {field.stride}, or take `whole_image`"
        )
    start_N2 = field.stride * torch.stack([row_N, col_N], 1) - field.offset
    parts = [image_part(start, field, (rows, cols), circular) for start in start_N2.tolist()]
    if crop_suffices(field, (rows, cols), circular):
        computed = sum(part.rows * part.cols for part in parts)
        # Parts of many sizes are computed one by one, which only a CPU does not mind.
        if x_N3SR.device.type != "cpu" or computed > PART_SHARE * len(parts) * field.size**2:
            x_N3LL = cut_squares(x_N3SR, start_N2, field.size, circular)
            return _in_crop(network, _Crop(x_N3LL, start_N2, rows, cols, circular), layer, channel_N, RELU_RULES[rule])
    return _in_parts(network, x_N3SR, layer, units, field, parts, rule)


@torch.no_grad()
def always_active(network: VGG16, layer: str) -> VGG16:
    """Return a copy of a network in which every unit of a layer is active; all else is shared.

    The gradient of an active unit does not depend on its bias, so `guided_backprop` of the copy gives that of the
    unit before its own ReLU.
    """
    number = conv_layers()[layer]
    shared = {id(part): part for name, part in network.named_parameters() if name != f"features.{number}.bias"}
    lifted = deepcopy(network, shared)
    bias = lifted.features[number].bias
    assert isinstance(bias, Tensor)
    bias.fill_(LIFT)
    return lifted


@torch.no_grad()
def whole_image(
    network: VGG16, x_N3SR: Tensor, layer: str, units: Sequence[Unit], rule: Rule = "guided"
) -> tuple[Tensor, Tensor]:
    """Return the same as `guided_backprop`, but computed over, and given for, the whole image: [N, 3, S, R] and [N]."""
    channel_N, row_N, col_N = _unit_tensors(network, x_N3SR, layer, units, rule)
    through_relu = RELU_RULES[rule]
    steps: list[_Convolution | _Pool] = []
    y = x_N3SR
    for module in list(network.features)[: conv_layers()[layer] + 1]:
        if isinstance(module, nn.Conv2d):
            y = module(y).clamp_(min=0)
            steps.append(_Convolution(module, y > 0))
        elif isinstance(module, nn.MaxPool2d):
            shape = y.shape[2:]
            y, switches = F.max_pool2d(y, 2, return_indices=True)
            steps.append(_Pool(switches, shape))

    unit = (torch.arange(len(y), device=y.device), channel_N, row_N, col_N)
    g = torch.zeros_like(y)
    g[unit] = 1
    for step in reversed(steps):
        if isinstance(step, _Pool):
            g = F.max_unpool2d(g, step.switches, [2, 2], output_size=step.shape)
        elif isinstance(step.module, AngleConv2d):
            g = F.conv_transpose2d(through_relu(g, step.active), step.module.weight, padding=(0, 1))
            g[:, :, 1] += g[:, :, -1]
            g[:, :, -2] += g[:, :, 0]
            g = g[:, :, 1:-1]
        else:
            g = F.conv_transpose2d(through_relu(g, step.active), step.module.weight, padding=1)
    return g, y[unit]


def wraps(network: VGG16) -> bool:
    """Return whether the network takes its rows as a circle."""
    return isinstance(network.features[0], AngleConv2d)


@dataclass(frozen=True)
class _Convolution:
    module: nn.Conv2d
    active: Tensor
    """Where the ReLU after it is positive."""
    inside: Tensor | float = 1.0
    """Where a crop covers the real map."""


@dataclass(frozen=True)
class _Pool:
    switches: Tensor
    """Which input each output came from."""
    shape: torch.Size
    """Rows and columns of the pool's input."""
    inside: Tensor | float = 1.0


@dataclass(frozen=True)
class _Crop:
    """Receptive fields cut from their images."""

    x_N3LL: Tensor
    start_N2: Tensor
    """First row and column of each in its image."""
    rows: int
    """Rows of the images."""
    cols: int
    """Columns of the images."""
    circular: bool
    """Whether rows are a circle."""


def _in_crop(
    network: VGG16, crop: _Crop, layer: str, channel_N: Tensor, through_relu: ReluRule
) -> tuple[Tensor, Tensor]:
    """Gradient and activation by convolving the receptive fields alone."""
    y, start_N2, rows, cols, circular = crop.x_N3LL, crop.start_N2, crop.rows, crop.cols, crop.circular
    inside_image = inside_map(start_N2, y.shape[2], rows, cols, circular)
    steps: list[_Convolution | _Pool] = []
    for module in list(network.features)[: conv_layers()[layer]]:
        if isinstance(module, nn.Conv2d):
            start_N2 = start_N2 + 1
            inside = inside_map(start_N2, y.shape[2] - 2, rows, cols, circular)
            y = F.conv2d(y, module.weight, module.bias).clamp_(min=0).mul_(inside)
            steps.append(_Convolution(module, y > 0, inside))
        elif isinstance(module, nn.MaxPool2d):
            shape = y.shape[2:]
            y, switches = F.max_pool2d(y, 2, return_indices=True)
            start_N2, rows, cols = start_N2 // 2, rows // 2, cols // 2
            # An odd last row or column is dropped by the network's pool, but not by the crop's.
            inside = inside_map(start_N2, y.shape[2], rows, cols, circular)
            y.mul_(inside)
            steps.append(_Pool(switches, shape, inside))

    # Of the layer itself one unit is wanted: a dot product forward, and its own weights backward.
    last = network.features[conv_layers()[layer]]
    assert isinstance(last, nn.Conv2d)
    weight_NC33 = last.weight[channel_N]
    activation_N = (y * weight_NC33).sum((1, 2, 3))
    if last.bias is not None:
        activation_N = activation_N + last.bias[channel_N]
    activation_N = activation_N.clamp(min=0)
    active_N = activation_N > 0
    g = weight_NC33 * through_relu(torch.ones_like(activation_N), active_N)[:, None, None, None]
    for step in reversed(steps):
        if isinstance(step, _Pool):
            g = F.max_unpool2d(g * step.inside, step.switches, [2, 2], output_size=step.shape)
        else:
            g = F.conv_transpose2d(through_relu(g * step.inside, step.active), step.module.weight)
    return g * inside_image, activation_N


def _in_parts(
    network: VGG16,
    x_N3SR: Tensor,
    layer: str,
    units: Sequence[Unit],
    field: ReceptiveField,
    parts: list[ImagePart],
    rule: Rule,
) -> tuple[Tensor, Tensor]:
    """Gradient and activation by taking each unit's part of its image for a whole one.

    The padding at a part's edge that is none of the image's makes wrong values there, but none that the unit sees:
    its receptive field ends before them in every map.
    """
    gradient_N3LL = x_N3SR.new_zeros((len(units), 3, field.size, field.size))
    activation_N = x_N3SR.new_zeros(len(units))
    by_shape: dict[tuple[int, int], list[int]] = {}
    for number, part in enumerate(parts):
        by_shape.setdefault((part.rows, part.cols), []).append(number)
    for (rows, cols), numbers in by_shape.items():
        images, moved, begins = [], [], []
        for number in numbers:
            part, (channel, row, col) = parts[number], units[number]
            turned = x_N3SR[number].roll(-part.top, 1) if wraps(network) else x_N3SR[number, :, part.top :]
            images.append(turned[:, :rows, part.left : part.left + cols])
            moved.append((channel, row - part.top // field.stride, col - part.left // field.stride))
            box = field.box(row, col)
            begins.append((box.top - part.top, box.left - part.left))
        layout = torch.channels_last if is_channels_last(x_N3SR) else torch.contiguous_format
        part_M3SR = torch.stack(images).contiguous(memory_format=layout)
        gradient_M3SR, activation_N[numbers] = whole_image(network, part_M3SR, layer, moved, rule)
        circular = wraps(network) and rows == x_N3SR.shape[2]
        start_M2 = torch.tensor(begins, device=x_N3SR.device)
        gradient_N3LL[numbers] = cut_squares(gradient_M3SR, start_M2, field.size, circular)
    return gradient_N3LL, activation_N


def _unit_tensors(network: VGG16, x_N3SR: Tensor, layer: str, units: Sequence[Unit], rule: str) -> tuple[Tensor, ...]:
    """Channels, rows and columns of the units as int64 [N], once they are known to exist, in a VGG-16."""
    if rule not in RELU_RULES:
        raise ValueError(f"no rule '{rule}'; there are {', '.join(RELU_RULES)}")
    if not isinstance(x_N3SR, Tensor) or not x_N3SR.is_floating_point() or x_N3SR.ndim != 4 or x_N3SR.shape[1] != 3:
        kind = f"{x_N3SR.dtype} {list(x_N3SR.shape)}" if isinstance(x_N3SR, Tensor) else type(x_N3SR).__name__
        raise ValueError(f"images are {kind}; give a floating-point tensor [N, 3, S, R], normalised")
    if not all(isinstance(index, Integral) for unit in units for index in unit):
        raise ValueError("a unit is (channel, row, column): three whole numbers")
    if len(units) != len(x_N3SR):
        raise ValueError(f"{len(units)} units for {len(x_N3SR)} images; give each unit its image")
    rows, cols = map_shape(layer, (x_N3SR.shape[2], x_N3SR.shape[3]))
    check_layout(network, layer)
    last = network.features[conv_layers()[layer]]
    assert isinstance(last, nn.Conv2d)
    for channel, row, col in units:
        if not (0 <= channel < last.out_channels and 0 <= row < rows and 0 <= col < cols):
            raise ValueError(
                f"{layer} has no unit ({channel}, {row}, {col}); "
                f"its map has {last.out_channels} channels, {rows} rows and {cols} columns"
            )
    unit_N3 = torch.tensor(list(units), dtype=torch.int64, device=x_N3SR.device).reshape(-1, 3)
    return unit_N3.unbind(1)
