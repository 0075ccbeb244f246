"""What one unit responds to in one image: the gradient of its activation, by three rules for going back through a ReLU.

Only the pixels that the unit sees are computed, in one of two ways. Its receptive field is cut from the image and
convolved without padding, and everything beyond the edges of the real maps is held at zero, which is what the network's
padding means; or, where most of the receptive field lies beyond the image or is as large, the part that is inside is
taken for a whole image.

Shapes: N units (each in its own image), C channels, S R sectors and rings of the whole input, L side of the receptive
field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lp_core.network.layers import conv_layers
from lp_core.network.layout import check_layout
from lp_core.network.receptive_field import map_shape, receptive_field
from lp_core.network.vgg16 import VGG16, AngleConv2d
from lp_core.settings import Rule

Unit = tuple[int, int, int]
"""Channel, row and column in a layer's map."""
WINDOW_SHARE = 0.75
"""A crop's convolutions get smaller from layer to layer, a window's do not: it must have fewer px by this to be faster.
Measured on conv5_1 to conv5_3 at 224 px with `benchmarks.guided_backprop_speed`."""


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
        rule: what a ReLU lets back. `guided`: positive gradients where it was active (Springenberg et al. 2014);
            `deconvnet`: positive gradients (Zeiler & Fergus 2014, with their pooling switches); `gradient`: all
            gradients where it was active. A unit that is not active gives zeros, except under `deconvnet`.

    Returns:
        Gradient [N, 3, L, L] aligned to `unit_box`, zero beyond the image (rows of a network that wraps them show
        what they wrap to), and activation [N] after ReLU.

    Raises:
        ValueError: unknown rule, other number of units than images, a unit outside the map, another network than
            VGG-16, or a circle of rows that the pools before the layer do not halve evenly: its units see no box.
    """
    channel_N, row_N, col_N = _checked(network, x_N3SR, layer, units, rule)
    sees, rows = receptive_field(layer), x_N3SR.shape[2]
    if wraps(network) and rows % sees.stride:
        raise ValueError(
            f"the images have {rows} rows, a circle to this network, and the pools before {layer} would drop some; "
            f"give a multiple of {sees.stride}, or take `whole_image`"
        )
    start_N2 = sees.stride * torch.stack([row_N, col_N], 1) - sees.offset
    windows = _windows(network, layer, start_N2, (x_N3SR.shape[2], x_N3SR.shape[3]))
    if crop_suffices(network, layer, (x_N3SR.shape[2], x_N3SR.shape[3])):
        computed = sum(window.rows * window.cols for window in windows)
        # Parts of many sizes are computed one by one, which only a CPU does not mind.
        if x_N3SR.device.type != "cpu" or computed > WINDOW_SHARE * len(windows) * sees.size**2:
            return _in_crop(network, x_N3SR, layer, channel_N, start_N2, rule)
    return _in_windows(network, x_N3SR, layer, units, windows, rule)


@torch.no_grad()
def whole_image(
    network: VGG16, x_N3SR: Tensor, layer: str, units: Sequence[Unit], rule: Rule = "guided"
) -> tuple[Tensor, Tensor]:
    """Return the same as `guided_backprop`, but computed over, and given for, the whole image: [N, 3, S, R] and [N]."""
    channel_N, row_N, col_N = _checked(network, x_N3SR, layer, units, rule)
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
            g = F.conv_transpose2d(_through_relu(g, step.active, rule), step.module.weight, padding=(0, 1))
            g[:, :, 1] += g[:, :, -1]
            g[:, :, -2] += g[:, :, 0]
            g = g[:, :, 1:-1]
        else:
            g = F.conv_transpose2d(_through_relu(g, step.active, rule), step.module.weight, padding=1)
    return g, y[unit]


def crop_suffices(network: VGG16, layer: str, shape_SR: tuple[int, int]) -> bool:
    """Whether the receptive field can stand for the whole image, with less work and equal results.

    Where rows wrap around it cannot if the receptive field goes round more than once: one row would then be computed
    twice, and a ReLU must see the sum.
    """
    sees = receptive_field(layer)
    return sees.size**2 < shape_SR[0] * shape_SR[1] and (sees.size <= shape_SR[0] or not wraps(network))


def wraps(network: VGG16) -> bool:
    """Whether the network takes its rows as a circle."""
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


def _in_crop(
    network: VGG16, x_N3SR: Tensor, layer: str, channel_N: Tensor, start_N2: Tensor, rule: Rule
) -> tuple[Tensor, Tensor]:
    """Gradient and activation by convolving the receptive field alone; `start_N2` is its first row and column."""
    circular = wraps(network)
    rows, cols = x_N3SR.shape[2:]
    y = _cut(x_N3SR, start_N2, receptive_field(layer).size, circular)
    inside_image = _inside(start_N2, y.shape[2], rows, cols, circular)
    steps: list[_Convolution | _Pool] = []
    for module in list(network.features)[: conv_layers()[layer]]:
        if isinstance(module, nn.Conv2d):
            start_N2 = start_N2 + 1
            inside = _inside(start_N2, y.shape[2] - 2, rows, cols, circular)
            y = F.conv2d(y, module.weight, module.bias).clamp_(min=0).mul_(inside)
            steps.append(_Convolution(module, y > 0, inside))
        elif isinstance(module, nn.MaxPool2d):
            shape = y.shape[2:]
            y, switches = F.max_pool2d(y, 2, return_indices=True)
            start_N2, rows, cols = start_N2 // 2, rows // 2, cols // 2
            # An odd last row or column is dropped by the network's pool, but not by the crop's.
            inside = _inside(start_N2, y.shape[2], rows, cols, circular)
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
    g = weight_NC33 if rule == "deconvnet" else weight_NC33 * (activation_N > 0)[:, None, None, None]
    for step in reversed(steps):
        if isinstance(step, _Pool):
            g = F.max_unpool2d(g * step.inside, step.switches, [2, 2], output_size=step.shape)
        else:
            g = F.conv_transpose2d(_through_relu(g * step.inside, step.active, rule), step.module.weight)
    return g * inside_image, activation_N


@dataclass(frozen=True)
class _Window:
    """The part of an image that a unit sees, from a place on where all pools before its layer begin a cell."""

    top: int
    left: int
    rows: int
    cols: int


def _windows(network: VGG16, layer: str, start_N2: Tensor, shape_SR: tuple[int, int]) -> list[_Window]:
    """The window of each receptive field, which begins at `start_N2`; a circle of rows is whole, or a part of it."""
    stride, _, size = receptive_field(layer)
    found = []
    for row, col in start_N2.tolist():
        (top, rows), (left, cols) = (
            (max(0, first - first % stride), min(side, first + size) - max(0, first - first % stride))
            for first, side in zip((row, col), shape_SR, strict=True)
        )
        if wraps(network):
            top, rows = row - row % stride, size + row % stride
            if rows >= shape_SR[0]:
                top, rows = 0, shape_SR[0]
        found.append(_Window(top, left, rows, cols))
    return found


def _in_windows(
    network: VGG16, x_N3SR: Tensor, layer: str, units: Sequence[Unit], windows: list[_Window], rule: Rule
) -> tuple[Tensor, Tensor]:
    """Gradient and activation by taking each unit's window for a whole image.

    The padding at a window's edge that is none of the image's makes wrong values there, but none that the unit sees:
    its receptive field ends before them in every map.
    """
    sees = receptive_field(layer)
    gradient_N3LL = x_N3SR.new_zeros((len(units), 3, sees.size, sees.size))
    activation_N = x_N3SR.new_zeros(len(units))
    by_shape: dict[tuple[int, int], list[int]] = {}
    for number, window in enumerate(windows):
        by_shape.setdefault((window.rows, window.cols), []).append(number)
    for (rows, cols), numbers in by_shape.items():
        parts, moved, begins = [], [], []
        for number in numbers:
            window, (channel, row, col) = windows[number], units[number]
            turned = x_N3SR[number].roll(-window.top, 1) if wraps(network) else x_N3SR[number, :, window.top :]
            parts.append(turned[:, :rows, window.left : window.left + cols])
            moved.append((channel, row - window.top // sees.stride, col - window.left // sees.stride))
            begins.append((sees.stride * row - sees.offset - window.top, sees.stride * col - sees.offset - window.left))
        layout = torch.channels_last if _is_channels_last(x_N3SR) else torch.contiguous_format
        part_M3SR = torch.stack(parts).contiguous(memory_format=layout)
        gradient_M3SR, activation_N[numbers] = whole_image(network, part_M3SR, layer, moved, rule)
        circular = wraps(network) and rows == x_N3SR.shape[2]
        start_M2 = torch.tensor(begins, device=x_N3SR.device)
        gradient_N3LL[numbers] = _cut(gradient_M3SR, start_M2, sees.size, circular)
    return gradient_N3LL, activation_N


def _is_channels_last(x_NCSR: Tensor) -> bool:
    return x_NCSR.is_contiguous(memory_format=torch.channels_last) and not x_NCSR.is_contiguous()


def _through_relu(g: Tensor, active: Tensor, rule: Rule) -> Tensor:
    if rule == "gradient":
        return g * active
    positive = g.clamp(min=0)
    return positive if rule == "deconvnet" else positive * active


def _cut(x_NCSR: Tensor, start_N2: Tensor, size: int, circular: bool) -> Tensor:
    """Squares [N, C, size, size] from their first row and column on; zero beyond the map unless rows wrap around."""
    rows, cols = x_NCSR.shape[2:]
    row_NL, col_NL = (start_N2[:, :, None] + torch.arange(size, device=x_NCSR.device)).unbind(1)
    row_NL = row_NL % rows if circular else row_NL.clamp(0, rows - 1)
    image_N11 = torch.arange(len(x_NCSR), device=x_NCSR.device)[:, None, None]
    cut_NLLC = x_NCSR[image_N11, :, row_NL[:, :, None], col_NL.clamp(0, cols - 1)[:, None, :]]
    # Rounding depends on the memory format: the crop keeps that of the image.
    layout = torch.channels_last if _is_channels_last(x_NCSR) else torch.contiguous_format
    cut_NCLL = cut_NLLC.movedim(3, 1).contiguous(memory_format=layout)
    return cut_NCLL * _inside(start_N2, size, rows, cols, circular)


def _inside(start_N2: Tensor, size: int, rows: int, cols: int, circular: bool) -> Tensor:
    """Bool [N, 1, size, size]: which px of squares lie on a map of these rows and columns."""
    row_NL, col_NL = (start_N2[:, :, None] + torch.arange(size, device=start_N2.device)).unbind(1)
    row_inside = torch.ones_like(row_NL, dtype=torch.bool) if circular else (row_NL >= 0) & (row_NL < rows)
    col_inside = (col_NL >= 0) & (col_NL < cols)
    return (row_inside[:, :, None] & col_inside[:, None, :])[:, None]


def _checked(network: VGG16, x_N3SR: Tensor, layer: str, units: Sequence[Unit], rule: str) -> tuple[Tensor, ...]:
    """Channels, rows and columns of the units as int64 [N], once they are known to exist, in a VGG-16."""
    if rule not in get_args(Rule):
        raise ValueError(f"no rule '{rule}'; there are {', '.join(get_args(Rule))}")
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
