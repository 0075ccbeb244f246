"""First weights of VGG-16."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from lp_core.network.vgg16 import VGG16
from lp_core.settings import Initialization


def initialize(network: VGG16, how: Initialization, seed: int) -> VGG16:
    """Fill the weights in place and return the network; biases start at zero.

    Args:
        network: any VGG16.
        how: `torchvision` (He's fan out for convolutions, N(0, 0.01) for the classifier: what the published 71.59 %
            started from), `variance-preserving` (He's fan in everywhere; the last layer's logits start near 0), or
            `looks-linear` (channels come in pairs of opposite sign, so that the two ReLUs of a pair pass everything on
            and the network starts as an odd function; orthogonal matrices, in the middle of each kernel).
        seed: the same seed gives the same weights.

    Source: torchvision.models.vgg; He et al. 2015; Balduzzi et al. 2017 (looks-linear), Xiao et al. 2018 (orthogonal
    in the middle of the kernel). What each does for small networks is measured in docs/RESULTS.md.
    """
    generator = torch.Generator().manual_seed(seed)
    layers = [module for module in network.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    for place, layer in enumerate(layers):
        first, last = place == 0, place == len(layers) - 1
        with torch.no_grad():
            assert layer.bias is not None
            layer.bias.zero_()
            if how == "looks-linear":
                outputs, inputs = layer.weight.shape[:2]
                matrix = _mirrored(outputs, inputs, not last, not first, generator)
                if isinstance(layer, nn.Conv2d):
                    layer.weight.zero_()
                    layer.weight[:, :, 1, 1] = matrix
                else:
                    layer.weight.copy_(matrix)
            elif isinstance(layer, nn.Conv2d):
                mode: Literal["fan_out", "fan_in"] = "fan_out" if how == "torchvision" else "fan_in"
                nn.init.kaiming_normal_(layer.weight, mode=mode, nonlinearity="relu", generator=generator)
            elif how == "torchvision":
                nn.init.normal_(layer.weight, 0, 0.01, generator=generator)
            else:
                gain = 1.0 if last else math.sqrt(2.0)
                nn.init.normal_(layer.weight, 0, gain / math.sqrt(layer.in_features), generator=generator)
    return network


def _mirrored(outputs: int, inputs: int, pair_outputs: bool, pair_inputs: bool, generator: torch.Generator) -> Tensor:
    """An orthogonal matrix [outputs, inputs] repeated with opposite sign for the second half of a side.

    Of an odd number of channels, the middle one stays single.
    """
    rows = -(-outputs // 2) if pair_outputs else outputs
    columns = -(-inputs // 2) if pair_inputs else inputs
    matrix = nn.init.orthogonal_(torch.empty(rows, columns), generator=generator)
    if pair_outputs:
        matrix = torch.cat([matrix, -matrix])[:outputs]
    if pair_inputs:
        matrix = torch.cat([matrix, -matrix], dim=1)[:, :inputs]
    return matrix
