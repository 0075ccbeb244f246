"""First weights of a network: one function per scheme.

To add a scheme: its name in `Initialization`, its function in `INITIALIZATIONS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from lp_core.errors import SettingError
from lp_core.network.construction import Network as AnyNetwork
from lp_core.network.construction import constructed
from lp_core.settings import Initialization, NetworkSettings, ViewName

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class _Position:
    """Where a layer stands in its network."""

    first: bool
    last: bool


Scheme = Callable[[nn.Conv2d | nn.Linear, _Position, torch.Generator], None]
"""Fills the weights of one layer in place."""


def first_network(settings: NetworkSettings, view: ViewName, classes: int, seed: int) -> AnyNetwork:
    """Return the network that a training starts from.

    Args:
        settings: of the network.
        view: network input that it learns from.
        classes: number of classes.
        seed: of the run; the same seed gives the same weights.

    Raises:
        SettingError: the scheme does not suit the network.
    """
    network = constructed(settings, view, classes)
    check_scheme(network, settings.initialization)
    return initialize(network, settings.initialization, seed)


def check_scheme(network: nn.Module, how: Initialization) -> None:
    """Refuse paired channels where groups of a convolution would part the pairs.

    Raises:
        SettingError: the message names the convolution.
    """
    for name, module in network.named_modules():
        if how == "looks-linear" and isinstance(module, nn.Conv2d) and module.groups > 1:
            raise SettingError(
                f"network.initialization is looks-linear, which pairs channels, but {name} has {module.groups} groups; "
                "give variance-preserving"
            )


def initialize(network: Network, how: Initialization, seed: int) -> Network:
    """Fill the weights in place and return the network; biases start at zero.

    Args:
        network: of convolutions and fully connected layers, all with a bias.
        how: one of `INITIALIZATIONS`; docs/RESULTS.md measures what each does for small networks.
        seed: the same seed gives the same weights.
    """
    generator = torch.Generator().manual_seed(seed)
    layers = [module for module in network.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    with torch.no_grad():
        for number, layer in enumerate(layers):
            assert layer.bias is not None
            layer.bias.zero_()
            INITIALIZATIONS[how](layer, _Position(number == 0, number == len(layers) - 1), generator)
    return network


def _torchvision(layer: nn.Conv2d | nn.Linear, position: _Position, generator: torch.Generator) -> None:
    """He's fan out for convolutions, N(0, 0.01) for the classifier: what the published 71.59 % started from.

    Source: torchvision.models.vgg.
    """
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu", generator=generator)
    else:
        nn.init.normal_(layer.weight, 0, 0.01, generator=generator)


def _variance_preserving(layer: nn.Conv2d | nn.Linear, position: _Position, generator: torch.Generator) -> None:
    """He's fan in everywhere; the last layer has no ReLU, so its logits start near 0. Source: He et al. 2015."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu", generator=generator)
    else:
        gain = 1.0 if position.last else math.sqrt(2.0)
        nn.init.normal_(layer.weight, 0, gain / math.sqrt(layer.in_features), generator=generator)


def _looks_linear(layer: nn.Conv2d | nn.Linear, position: _Position, generator: torch.Generator) -> None:
    """Channels in pairs of opposite sign: the two ReLUs of a pair pass everything on, and the network starts odd.

    Source: Balduzzi et al. 2017; Xiao et al. 2018 (orthogonal matrices in the middle of each kernel).
    """
    outputs, inputs = layer.weight.shape[:2]
    matrix = _mirrored(outputs, inputs, not position.last, not position.first, generator)
    if isinstance(layer, nn.Conv2d):
        layer.weight.zero_()
        middle_row, middle_col = (side // 2 for side in layer.kernel_size)
        layer.weight[:, :, middle_row, middle_col] = matrix
    else:
        layer.weight.copy_(matrix)


INITIALIZATIONS: dict[Initialization, Scheme] = {
    "torchvision": _torchvision,
    "variance-preserving": _variance_preserving,
    "looks-linear": _looks_linear,
}
"""The schemes by the names that settings give them."""


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
