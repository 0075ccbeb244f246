"""What drives one unit in one image: the gradient of its activation, by three rules for going back through a ReLU.

Only the pixels that the unit sees are computed, in one of two ways. Its receptive field is cut from the image and
convolved without padding, and everything beyond the edges of the real maps is held at zero, which is what the network's
padding means; or, where most of the receptive field lies beyond the image or is as large, the part that is inside is
taken for a whole image.

Shapes: N units (each in its own image), C channels, S R sectors and rings of the whole input, L side of the receptive
field, k side of a kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import torch
from torch import Tensor, nn

from lp_core.exemplars.field_pixels import ImagePart, crop_suffices, cut_squares, image_part, is_channels_last
from lp_core.exemplars.relu_rules import RELU_RULES, ReluRule
from lp_core.exemplars.stack_steps import Passed, Place, through_map, through_squares
from lp_core.network.layers import Layer
from lp_core.network.receptive_field import ReceptiveField, map_shape, receptive_field
from lp_core.network.stack import Stack, Step
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
    network: nn.Module | Stack, x_N3SR: Tensor, layer: str, units: Sequence[Unit], rule: Rule = "guided"
) -> tuple[Tensor, Tensor]:
    """Return what drives each unit in its image, cut to its receptive field, and its activation.

    The gradient of one unit's activation by the input. Back through a ReLU with input x, a gradient g becomes
    `g (x > 0) (g > 0)` under `guided`, `g (g > 0)` under `deconvnet`, and `g (x > 0)` under `gradient`.

    Args:
        network: a VGG16, or any other sequential network (docs/NETWORKS.md), in evaluation mode or taken so; nothing
            is attached to it or changed.
        x_N3SR: normalised input, one image per unit, on the network's device, in its precision.
        layer: the units' layer, such as "conv5_2"; a unit is taken after its ReLU.
        units: (channel, row, col) of each.
        rule: what a ReLU lets back, one of `RELU_RULES`. A unit that is not active gives zeros, except under
            `deconvnet`.

    Returns:
        Gradient [N, 3, L, L] aligned to `ReceptiveField.box`, zero beyond the image (rows of a network that wraps them
        show what they wrap to), and activation [N] after ReLU.

    Raises:
        ValueError: unknown rule, other number of units than images, a unit outside the map, a network that is not
            understood, or a circle of rows that the pools before the layer do not halve evenly: its units see no box.
        KeyError: there is no such layer; the message lists those there are.

    Source: Springenberg et al. 2014, "Striving for simplicity", for `guided`; Zeiler & Fergus 2014 for `deconvnet`.
    """
    stack = Stack.of(network)
    channel_N, row_N, col_N = _unit_tensors(stack, x_N3SR, layer, units, rule)
    field, circular = receptive_field(layer, stack.architecture), stack.is_circular
    rows, cols = x_N3SR.shape[2:]
    if circular and rows % field.stride:
        raise ValueError(
            f"the images have {rows} rows, a circle to this network, and the pools before {layer} would drop some; "
            f"give a multiple of {field.stride}, or take `whole_image`"
        )
    start_N2 = field.stride * torch.stack([row_N, col_N], 1) - field.offset
    starts = [[field.stride * place - field.offset for place in unit[1:]] for unit in units]  # known here already
    parts = [
        _enough(image_part(start, field, (rows, cols), circular), unit, stack.architecture[layer], field, (rows, cols))
        for start, unit in zip(starts, units, strict=True)
    ]
    if crop_suffices(field, (rows, cols), circular):
        computed = sum(part.rows * part.cols for part in parts)
        # Parts of many sizes are computed one by one, which only a CPU does not mind.
        if x_N3SR.device.type != "cpu" or computed > PART_SHARE * len(parts) * field.size**2:
            x_N3LL = cut_squares(x_N3SR, start_N2, field.size, circular)
            return _in_crop(stack, x_N3LL, Place(start_N2, rows, cols, circular), layer, channel_N, RELU_RULES[rule])
    return _in_parts(stack, x_N3SR, layer, units, field, parts, rule)


def always_active(network: nn.Module | Stack, layer: str) -> Stack:
    """Return a network in which every unit of a layer is active; all else is shared with the one given.

    The gradient of an active unit does not depend on its bias, so `guided_backprop` of it gives that of the unit before
    its own ReLU.
    """
    return Stack.of(network).with_bias(layer, LIFT)


@torch.no_grad()
def whole_image(
    network: nn.Module | Stack, x_N3SR: Tensor, layer: str, units: Sequence[Unit], rule: Rule = "guided"
) -> tuple[Tensor, Tensor]:
    """Return the same as `guided_backprop`, but computed over, and given for, the whole image: [N, 3, S, R] and [N]."""
    stack = Stack.of(network)
    channel_N, row_N, col_N = _unit_tensors(stack, x_N3SR, layer, units, rule)
    passed: list[Passed] = []
    y = x_N3SR
    for step in stack.up_to(layer):
        y, done = through_map(step, y)
        passed.append(done)
    unit = (torch.arange(len(y), device=y.device), channel_N, row_N, col_N)
    g = torch.zeros_like(y)
    g[unit] = 1
    for done in reversed(passed):
        g = done.back(g, RELU_RULES[rule])
    return g, y[unit]


def wraps(network: nn.Module | Stack) -> bool:
    """Return whether the network takes its rows as a circle."""
    return Stack.of(network).is_circular


def _in_crop(
    stack: Stack, x_N3LL: Tensor, place: Place, layer: str, channel_N: Tensor, through_relu: ReluRule
) -> tuple[Tensor, Tensor]:
    """Gradient and activation by convolving the receptive fields alone, which were cut from their images."""
    y, inside_image = x_N3LL, place.inside(x_N3LL.shape[2])
    *steps, own = stack.up_to(layer)
    passed: list[Passed] = []
    for step in steps:
        y, place, done = through_squares(step, y, place)
        passed.append(done)
    activation_N, g = _unit(own, y, channel_N, through_relu)
    for done in reversed(passed):
        g = done.back(g, through_relu)
    return g * inside_image, activation_N


def _unit(own: Step, y: Tensor, channel_N: Tensor, through_relu: ReluRule) -> tuple[Tensor, Tensor]:
    """Activation of each unit, and the gradient of what it reads: a dot product forward, its own weights backward.

    Args:
        own: the convolution and ReLU of the units.
        y: all that a unit reads, [N, C, L, L].
        channel_N: of the units.
        through_relu: the rule.
    """
    module = own.module
    assert isinstance(module, nn.Conv2d)
    weight_NCkk, dilation, inputs = module.weight[channel_N], own.kernel.dilation, module.in_channels // module.groups
    index_NC = (channel_N // (module.out_channels // module.groups) * inputs)[:, None] + torch.arange(
        inputs, device=y.device
    )
    image_N1 = torch.arange(len(y), device=y.device)[:, None]
    taps_NCkk = y[:, :, ::dilation, ::dilation]
    if module.groups > 1:
        taps_NCkk = taps_NCkk[image_N1, index_NC]
    activation_N = (taps_NCkk * weight_NCkk).sum((1, 2, 3))
    if module.bias is not None:
        activation_N = activation_N + module.bias[channel_N]
    activation_N = activation_N.clamp(min=0)
    g_NCkk = weight_NCkk * through_relu(torch.ones_like(activation_N), activation_N > 0)[:, None, None, None]
    if module.groups == dilation == 1:
        return activation_N, g_NCkk
    g = torch.zeros_like(y)
    g[:, :, ::dilation, ::dilation][image_N1, index_NC] = g_NCkk
    return activation_N, g


def _enough(part: ImagePart, unit: Unit, layer: Layer, field: ReceptiveField, shape_SR: tuple[int, int]) -> ImagePart:
    """A part of an image, or all of it where the part is smaller than a kernel, or ends before the unit's place."""
    for first, side, place in ((part.top, part.rows, unit[1]), (part.left, part.cols, unit[2])):
        for kernel in layer.kernels:
            side = kernel.outputs(side)
            if side <= 0:
                return ImagePart(0, 0, *shape_SR)
        if place - first // field.stride >= side:
            return ImagePart(0, 0, *shape_SR)
    return part


def _in_parts(
    stack: Stack,
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
            turned = x_N3SR[number].roll(-part.top, 1) if stack.is_circular else x_N3SR[number, :, part.top :]
            images.append(turned[:, :rows, part.left : part.left + cols])
            moved.append((channel, row - part.top // field.stride, col - part.left // field.stride))
            box = field.box(row, col)
            begins.append((box.top - part.top, box.left - part.left))
        layout = torch.channels_last if is_channels_last(x_N3SR) else torch.contiguous_format
        part_M3SR = torch.stack(images).contiguous(memory_format=layout)
        gradient_M3SR, activation_N[numbers] = whole_image(stack, part_M3SR, layer, moved, rule)
        circular = stack.is_circular and rows == x_N3SR.shape[2]
        start_M2 = torch.tensor(begins, device=x_N3SR.device)
        gradient_N3LL[numbers] = cut_squares(gradient_M3SR, start_M2, field.size, circular)
    return gradient_N3LL, activation_N


def _unit_tensors(stack: Stack, x_N3SR: Tensor, layer: str, units: Sequence[Unit], rule: str) -> tuple[Tensor, ...]:
    """Channels, rows and columns of the units as int64 [N], once they are known to exist."""
    if rule not in RELU_RULES:
        raise ValueError(f"no rule '{rule}'; there are {', '.join(RELU_RULES)}")
    if not isinstance(x_N3SR, Tensor) or not x_N3SR.is_floating_point() or x_N3SR.ndim != 4 or x_N3SR.shape[1] != 3:
        kind = f"{x_N3SR.dtype} {list(x_N3SR.shape)}" if isinstance(x_N3SR, Tensor) else type(x_N3SR).__name__
        raise ValueError(f"images are {kind}; give a floating-point tensor [N, 3, S, R], normalised")
    if not all(isinstance(index, Integral) for unit in units for index in unit):
        raise ValueError("a unit is (channel, row, column): three whole numbers")
    if len(units) != len(x_N3SR):
        raise ValueError(f"{len(units)} units for {len(x_N3SR)} images; give each unit its image")
    rows, cols = map_shape(layer, (x_N3SR.shape[2], x_N3SR.shape[3]), stack.architecture)
    last = stack.convolution(layer)
    for channel, row, col in units:
        if not (0 <= channel < last.out_channels and 0 <= row < rows and 0 <= col < cols):
            raise ValueError(
                f"{layer} has no unit ({channel}, {row}, {col}); "
                f"its map has {last.out_channels} channels, {rows} rows and {cols} columns"
            )
    unit_N3 = torch.tensor(list(units), dtype=torch.int64, device=x_N3SR.device).reshape(-1, 3)
    return unit_N3.unbind(1)
