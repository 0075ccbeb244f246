"""A network of the user's own as a text and weights, once its text is known to compute the same."""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn

from lp_core.network.chain import HEADS, IDLE, sequence
from lp_core.network.network_text import Part, text_of
from lp_core.network.plain_network import PlainNetwork, parameters_of, part_of
from lp_core.network.stack import CONVOLUTIONS, POOLS, Stack

NEAR = 1e-4
"""Largest difference of logits, relative to the largest, between a network and its text. Our choice: folded
normalisation rounds in fp32."""
ALL = "all"
"""What `--layers` takes for every layer."""


def described(network: nn.Module, size: int, *, trains: bool = False) -> tuple[str, dict[str, Tensor]]:
    """Return the text of a network, batch normalisation folded, and its weights by the names of the text.

    Args:
        network: with its classifier, on the CPU; read as in evaluation mode.
        size: side of its input in px.
        trains: keep the dropout, which is nothing in evaluation mode.

    Raises:
        ValueError: a module is not understood, or, where it trains, drops more than units; or the network computes
            something else than its modules in order.
    """
    network = network.eval()
    for name, value in network.state_dict().items():
        if value.is_meta:
            raise ValueError(f"{name} is on device meta and has no values; make the network on the CPU")
    steps = iter(Stack.of(network).steps)
    named: list[tuple[str, nn.Module]] = []
    in_head = False
    for name, module in sequence(network):
        in_head = in_head or type(module) in HEADS
        if not in_head and type(module) in (*CONVOLUTIONS, *POOLS):
            step = next(steps)
            named.append((name, _numbered(step.module, step.kernel.padding)))
            named += [(f"{name}.relu", nn.ReLU())] if step.relu else []
        elif type(module) in IDLE:
            named += [(name, module)] if trains and _drops_units(name, module) else []
        elif in_head:
            named.append((name, module))
        elif type(module) is nn.BatchNorm2d and type(named[-1][1]) is nn.Dropout:
            raise ValueError(f"{named[-1][0]} drops units between a convolution and its normalisation; put it behind")
    _check_modules(named)
    parts: list[Part] = [part_of(name, module) for name, module in named]
    tensors = {name: value for own, module in named for name, value in parameters_of(own, module)}
    for name, value in tensors.items():
        if not bool(torch.isfinite(value).all()):
            raise ValueError(f"{name} is not finite; look at these weights, and at a normalisation behind them")
    text = text_of(parts)
    _check_same(network, text, tensors, size)
    return text, tensors


def _check_modules(named: list[tuple[str, nn.Module]]) -> None:
    """Refuse input of other than three channels, weights that are used twice, and names that files cannot have."""
    for name, _ in named:
        if name == ALL:
            raise ValueError(f"a module is named '{ALL}', which means every layer in options; rename it")
        if not re.fullmatch(r"[\w.-]+", name):
            raise ValueError(
                f"module '{name}' is named with more than letters, digits, _ and -; files get it, rename it"
            )
    first, module = next((name, module) for name, module in named if isinstance(module, nn.Conv2d))
    if module.in_channels != 3:
        raise ValueError(f"{first} reads {module.in_channels} channels; photographs have 3, grey ones too")
    weighed = [id(module) for _, module in named if any(True for _ in module.parameters())]
    for name, own in named:
        if (count := weighed.count(id(own))) > 1:
            raise ValueError(f"{name} is applied {count} times; give each place a module of its own")


def _drops_units(name: str, module: nn.Module) -> bool:
    """Whether a module that is nothing in evaluation mode drops units in training.

    Raises:
        ValueError: it drops channels or positions.
    """
    if type(module) is nn.Identity:
        return False
    if type(module) is not nn.Dropout:
        raise ValueError(f"{name} is {type(module).__name__}; a network that trains drops units alone: give Dropout")
    return module.p > 0


def _numbered(module: nn.Module, padding: int) -> nn.Module:
    """The module with its padding as a number, where it has one as a word."""
    if isinstance(module, nn.Conv2d) and isinstance(module.padding, str):
        module.padding = (padding, padding)
    return module


@torch.no_grad()
def _check_same(network: nn.Module, text: str, tensors: dict[str, Tensor], size: int) -> None:
    plain = PlainNetwork(text).eval()
    plain.load_state_dict(tensors)
    x = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    try:
        expected = network.float()(x)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"it cannot be applied to images of {size} px: {reason}") from None
    try:
        found = plain(x)
    except RuntimeError:  # such as a mean over positions, which is taken for a flattening
        found = None
    same_shape = found is not None and found.shape == expected.shape
    if not bool(torch.isfinite(expected).all()):
        raise ValueError("its logits for noise are not finite; its weights are too large, or not numbers")
    if not same_shape or not bool((found - expected).abs().max() <= NEAR * expected.abs().max()):
        raise ValueError("its classifier computes something else than its modules in order; give an nn.Sequential")
