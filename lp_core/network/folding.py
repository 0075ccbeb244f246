"""Batch normalisation as a part of the convolution before it: in evaluation mode it only scales and shifts channels."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

EPSILON = 1e-5
"""Added to the variance where only the weights are known. Source: torch.nn.BatchNorm2d's own."""
_MEAN = re.compile(r"(.*\.)?(\d+)\.running_mean")


def folded(convolution: nn.Conv2d, norm: nn.Module, name: str) -> tuple[Tensor, Tensor]:
    """Return weight and bias of the one convolution that computes both.

    Args:
        convolution: comes first.
        norm: a BatchNorm2d in evaluation mode.
        name: of `norm`, for messages.

    Raises:
        ValueError: the normalisation has no running statistics.
    """
    assert isinstance(norm, nn.BatchNorm2d)
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError(f"{name} is BatchNorm2d without running statistics, whose maps depend on the other images")
    # `bias` is None in convolutions before a normalisation, which shifts by itself.
    statistics = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    return _folded(convolution.weight, convolution.bias, statistics, norm.eps)


def folded_tensors(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], int]:
    """Fold the batch normalisations of a sequential network's weights, given by name.

    Modules behind a normalisation move up by one number: torchvision's `vgg16_bn` becomes its `vgg16`.

    Returns:
        The weights, and how many normalisations were folded.

    Raises:
        ValueError: a normalisation is not right behind a convolution; the message names it.
    """
    norms: dict[str, list[int]] = {}
    for name in tensors:
        if match := _MEAN.fullmatch(name):
            norms.setdefault(match.group(1) or "", []).append(int(match.group(2)))
    result = {name: value for name, value in tensors.items() if not name.endswith("num_batches_tracked")}
    for prefix, numbers in norms.items():
        for number in numbers:
            norm, before = f"{prefix}{number}.", f"{prefix}{number - 1}."
            weight = result.get(f"{before}weight")
            if weight is None or weight.ndim != 4:
                raise ValueError(f"'{norm}running_mean' is of a batch normalisation not right behind a convolution")
            parts = [result.pop(f"{norm}{part}", None) for part in ("weight", "bias", "running_mean", "running_var")]
            if parts[3] is None:
                raise ValueError(f"'{norm}running_var' is missing beside '{norm}running_mean'")
            pair = _folded(weight, result.get(f"{before}bias"), parts, EPSILON)
            result[f"{before}weight"], result[f"{before}bias"] = pair
        result = {_renumbered(name, prefix, numbers): value for name, value in result.items()}
    return result, sum(map(len, norms.values()))


@torch.no_grad()
def _folded(
    weight: Tensor, bias: Tensor | None, statistics: tuple[Tensor | None, ...] | list[Tensor | None], epsilon: float
) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution and a normalisation (weight, bias, mean, variance), by way of float64."""
    scale, shift, mean, variance = (None if part is None else part.double() for part in statistics)
    assert mean is not None
    assert variance is not None
    if not variance.is_meta and bool((variance < 0).any()):
        raise ValueError("a normalisation has a negative running_var; its weights are no weights")
    factor_C = (variance + epsilon).rsqrt() if scale is None else scale / (variance + epsilon).sqrt()
    moved_C = -mean if bias is None else bias.double() - mean
    bias_C = moved_C * factor_C if shift is None else moved_C * factor_C + shift
    return (weight.double() * factor_C[:, None, None, None]).to(weight.dtype), bias_C.to(weight.dtype)


def _renumbered(name: str, prefix: str, norms: list[int]) -> str:
    """The name of a module's tensor once the normalisations before it are gone."""
    number, dot, rest = name.removeprefix(prefix).partition(".")
    if not name.startswith(prefix) or not number.isdigit():
        return name
    return f"{prefix}{int(number) - sum(norm < int(number) for norm in norms)}{dot}{rest}"
