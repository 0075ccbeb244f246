"""VGG-16, and VGG-11, 13 and 19, without batch normalisation, with torchvision's parameter names."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lp_core.network.dropout import RowDropout
from lp_core.network.layers import CONVOLUTION, POOL, block_channels, hidden_units
from lp_core.network.wrapping import wrapped_features, wrapped_rows
from lp_core.settings import NetworkSettings, ViewName


class AngleConv2d(nn.Conv2d):
    """A 3 x 3 convolution that wraps rows (angles) and pads columns (radii) with zeros.

    Its parameters are named and shaped as `nn.Conv2d`'s. Rolling the rows of the input rolls those of the output.
    """

    def forward(self, x_NCSR: Tensor) -> Tensor:
        """Return [N, C_out, S, R]."""
        return F.conv2d(wrapped_rows(x_NCSR), self.weight, self.bias, self.stride, (0, 1))


class VGG16(nn.Module):
    """VGG-16 (Simonyan & Zisserman 2014, configuration D); torchvision's `vgg16` when width is 1 and pool is 7.

    With another depth it is torchvision's `vgg11`, `vgg13` or `vgg19`.

    Args:
        classes: number of outputs.
        settings: depth, width, grid read by the classifier, dropout, padding of angles.
        view: network input that the weights are for; only `log_polar` input is ever wrapped.

    Shape: normalised [N, 3, S, R] -> logits [N, classes].

    Source: torchvision's `vgg16`, whose parameter names and logits it has (tests/lp_core/network/test_vgg16.py).
    """

    def __init__(self, classes: int, settings: NetworkSettings, view: ViewName = "cartesian") -> None:
        super().__init__()
        conv = AngleConv2d if settings.angle_padding == "circular" and view == "log_polar" else nn.Conv2d
        layers: list[nn.Module] = []
        channels = 3
        for stage in block_channels(settings.depth, settings.width):
            for outputs in stage:
                layers += [conv(channels, outputs, CONVOLUTION.size, padding=CONVOLUTION.padding)]
                layers += [nn.ReLU(inplace=True)]
                channels = outputs
            layers.append(nn.MaxPool2d(POOL.size, POOL.stride))
        hidden = hidden_units(settings.width)
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(settings.pool)
        self.grid_side = settings.pool
        self.classifier = nn.Sequential(
            nn.Linear(channels * settings.pool**2, hidden),
            nn.ReLU(inplace=True),
            RowDropout(settings.dropout, 1),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            RowDropout(settings.dropout, 2),
            nn.Linear(hidden, classes),
        )

    def forward(self, x_NCSR: Tensor) -> Tensor:
        """Return logits [N, classes] of normalised input [N, 3, S, R]."""
        # A compiler fuses the copies by itself. Without gradients `WrappingReLU` gains nothing.
        learns = torch.is_grad_enabled() and not torch.compiler.is_compiling()
        fused = learns and isinstance(self.features[0], AngleConv2d)
        maps = wrapped_features(self.features, x_NCSR) if fused else self.features(x_NCSR)
        # torch's own has no deterministic way back on a GPU.
        by_products = torch.are_deterministic_algorithms_enabled() and next(self.parameters()).is_cuda
        means = grid_means(maps, self.grid_side) if by_products else self.avgpool(maps)
        return self.classifier(means.flatten(1))

    def drop_by(self, key_N: Tensor) -> None:
        """Name the images of the next forward pass in training, which decides the units that drop out (`row_keys`)."""
        for module in self.classifier:
            if isinstance(module, RowDropout):
                module.key_N = key_N


def grid_means(x_NCSR: Tensor, side: int) -> Tensor:
    """Return what `nn.AdaptiveAvgPool2d(side)` does, [N, C, side, side], by two matrix products."""
    rows, columns = (_mean_matrix(length, side, x_NCSR.device, x_NCSR.dtype) for length in x_NCSR.shape[2:])
    return rows @ x_NCSR @ columns.T


def _mean_matrix(length: int, side: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """[side, length]: row i takes the mean of places floor(i length / side) .. ceil((i + 1) length / side) - 1."""
    place_L, part_P = torch.arange(length, device=device), torch.arange(side, device=device)[:, None]
    is_in_PL = (place_L >= part_P * length // side) & (place_L < ((part_P + 1) * length + side - 1) // side)
    return (is_in_PL.double() / is_in_PL.sum(1, keepdim=True)).to(dtype)
