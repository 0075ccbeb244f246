"""VGG-16 without batch normalisation, with torchvision's parameter names."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lp_core.config import NetworkSettings, ViewName

_CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
_HIDDEN = 4096


class AngleConv2d(nn.Conv2d):
    """A 3 x 3 convolution that wraps rows (angles) and pads columns (radii) with zeros.

    Its parameters are named and shaped as `nn.Conv2d`'s. Rolling the rows of the input rolls those of the output.
    """

    def forward(self, x_NCSR: Tensor) -> Tensor:
        """Return [N, C_out, S, R]."""
        # Unlike F.pad, this keeps channels last: a fifth of a training step on a CPU.
        wrapped = torch.cat([x_NCSR[:, :, -1:], x_NCSR, x_NCSR[:, :, :1]], 2)
        return F.conv2d(wrapped, self.weight, self.bias, self.stride, (0, 1))


class VGG16(nn.Module):
    """VGG-16 (Simonyan & Zisserman 2014, configuration D); torchvision's `vgg16` when width is 1 and pool is 7.

    Args:
        classes: number of outputs.
        settings: width, grid read by the classifier, dropout, padding of angles.
        view: network input that the weights are for; only `log_polar` input is ever wrapped.
    """

    def __init__(self, classes: int, settings: NetworkSettings, view: ViewName = "cartesian") -> None:
        super().__init__()
        conv = AngleConv2d if settings.angle_padding == "circular" and view == "log_polar" else nn.Conv2d
        layers: list[nn.Module] = []
        channels = 3
        for stage in _CHANNELS:
            for full_width in stage:
                layers += [conv(channels, scaled(full_width, settings.width), 3, padding=1), nn.ReLU(inplace=True)]
                channels = scaled(full_width, settings.width)
            layers.append(nn.MaxPool2d(2))
        hidden = scaled(_HIDDEN, settings.width)
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(settings.pool)
        self.classifier = nn.Sequential(
            nn.Linear(channels * settings.pool**2, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(settings.dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(settings.dropout),
            nn.Linear(hidden, classes),
        )

    def forward(self, x_NCSR: Tensor) -> Tensor:
        """Return logits [N, classes] of normalised input [N, 3, S, R]."""
        return self.classifier(self.avgpool(self.features(x_NCSR)).flatten(1))


def scaled(channels: int, width: float) -> int:
    """Number of channels at a width multiplier, at least one."""
    return max(1, round(channels * width))


def conv_layers() -> dict[str, int]:
    """Index within `features` of each convolution, by name: {"conv1_1": 0, ..., "conv5_3": 28}."""
    table = {}
    index = 0
    for block, stage in enumerate(_CHANNELS, start=1):
        for place in range(1, len(stage) + 1):
            table[f"conv{block}_{place}"] = index
            index += 2
        index += 1
    return table


def conv_channels(width: float) -> dict[str, int]:
    """Number of channels of each convolution, by name."""
    flat = [full_width for stage in _CHANNELS for full_width in stage]
    return {name: scaled(full_width, width) for name, full_width in zip(conv_layers(), flat, strict=True)}


def initialize(network: VGG16, how: str, seed: int) -> VGG16:
    """Fill the weights in place and return the network.

    Args:
        network: any VGG16.
        how: `torchvision` (He's fan out for convolutions, N(0, 0.01) for the classifier: what the published 71.59 %
            started from), `variance-preserving` (He's fan in everywhere; the last layer's logits start near 0), or
            `delta-orthogonal` (the same, but convolutions start as orthogonal matrices in the middle of each kernel,
            which keep the length of every feature vector but for the ReLU's half).
        seed: the same seed gives the same weights on every machine.

    Source: torchvision.models.vgg; He et al. 2015; Xiao et al. 2018 (delta-orthogonal). In small networks,
    torchvision's keep the loss at ln(classes) for thousands of steps (docs/RESULTS.md).
    """
    generator = torch.Generator().manual_seed(seed)
    linear_layers = [module for module in network.modules() if isinstance(module, nn.Linear)]
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            mode: Literal["fan_out", "fan_in"] = "fan_out" if how == "torchvision" else "fan_in"
            nn.init.kaiming_normal_(module.weight, mode=mode, nonlinearity="relu", generator=generator)
            if how == "delta-orthogonal":
                middle = torch.empty(module.out_channels, module.in_channels)
                nn.init.zeros_(module.weight)
                module.weight.data[:, :, 1, 1] = nn.init.orthogonal_(middle, math.sqrt(2.0), generator=generator)
        elif isinstance(module, nn.Linear) and how == "torchvision":
            nn.init.normal_(module.weight, 0, 0.01, generator=generator)
        elif isinstance(module, nn.Linear):
            gain = 1.0 if module is linear_layers[-1] else math.sqrt(2.0)
            nn.init.normal_(module.weight, 0, gain / math.sqrt(module.in_features), generator=generator)
        else:
            continue
        assert module.bias is not None
        nn.init.zeros_(module.bias)
    return network
