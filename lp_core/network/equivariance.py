"""How far a network is from equivariant: ||f(Tx) - T f(x)|| / ||f(x)|| of every layer's maps f, by turn T of the input.

Shapes: N images, T turns, L layers, C channels, S R rows and columns of a map.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lp_core.measures.equivariance import Turn
from lp_core.network.stack import Stack


@dataclass(frozen=True, eq=False)
class EquivarianceErrors:
    """Distances of maps over the length of the map of the input as it is; float64, NaN where that is 0.

    Attributes:
        error_NTL: f(Tx) from T f(x): 0 where the map moves as it should. NaN where T of a map is not known.
        unmoved_NTL: f(Tx) from f(x): what a layer gives that moves nothing; 0 where it is invariant.
        unrelated_NL: f of another image from f(x): what two maps of the layer have in common anyway.
    """

    error_NTL: Tensor
    unmoved_NTL: Tensor
    unrelated_NL: Tensor


@torch.no_grad()
def equivariance_errors(
    network: nn.Module | Stack, x_N3SR: Tensor, other_N3SR: Tensor, turns: Sequence[Turn]
) -> EquivarianceErrors:
    """Return how far the maps of all layers are from moving with their input.

    Maps are those after ReLU. Where a roll of the input is no whole number of rows of a map, both maps count as if each
    unit were repeated to the rows of the input, so that every roll is one of whole rows.

    Args:
        network: as `find_peaks` takes it.
        x_N3SR: normalised input.
        other_N3SR: as many other images.
        turns: of the input.

    Source: after Zhang 2019 (arXiv 1904.11486), who compares maps under shifts of the input layer by layer.
    """
    stack = Stack.of(network)
    own = dict(_maps(stack, x_N3SR))
    length_L = [_squares(map_NCSR) for map_NCSR in own.values()]
    unrelated = [_squares(other - own[layer]) for layer, other in _maps(stack, other_N3SR)]
    error, unmoved = [], []
    for turn in turns:
        moved = list(_maps(stack, turned(x_N3SR, turn)))
        error.append([_apart(maps, own[layer], turn, x_N3SR.shape[2]) for layer, maps in moved])
        unmoved.append([_squares(maps - own[layer]) for layer, maps in moved])
    length_NL = torch.stack(length_L, 1)
    return EquivarianceErrors(
        error_NTL=_share(_stacked(error), length_NL[:, None]),
        unmoved_NTL=_share(_stacked(unmoved), length_NL[:, None]),
        unrelated_NL=_share(torch.stack(unrelated, 1), length_NL),
    )


def turned(x_NCSR: Tensor, turn: Turn) -> Tensor:
    """Return images turned counterclockwise: rows rolled, or quarter turns."""
    if turn.quarters:
        return torch.rot90(x_NCSR, turn.quarters, (2, 3))
    return x_NCSR.roll(-turn.rows, 2)


def _maps(stack: Stack, x_N3SR: Tensor) -> Iterator[tuple[str, Tensor]]:
    """The maps of all layers after ReLU, [N, C, S, R]."""
    y = x_N3SR
    for step in stack.up_to(list(stack.layers)[-1]):
        y = step.module(y)
        if step.relu:
            y = y.relu_()
        if step.layer:
            yield step.layer, y


def _apart(moved_NCSR: Tensor, own_NCSR: Tensor, turn: Turn, input_rows: int) -> Tensor:
    """Squared distance of f(Tx) from T f(x), float64 [N]; NaN where rows of the map are no equal parts of the input's.

    Of the rows of the input that a unit is repeated to, a share is moved by one row of the map more than the others.
    """
    if turn.quarters:
        return _squares(moved_NCSR - torch.rot90(own_NCSR, turn.quarters, (2, 3)))
    if input_rows % own_NCSR.shape[2]:
        return torch.full((len(own_NCSR),), math.nan, dtype=torch.float64, device=own_NCSR.device)
    stride = input_rows // own_NCSR.shape[2]
    whole, rest = divmod(turn.rows, stride)
    apart_N = _squares(moved_NCSR - own_NCSR.roll(-whole, 2))
    if not rest:
        return apart_N
    share = rest / stride
    return (1 - share) * apart_N + share * _squares(moved_NCSR - own_NCSR.roll(-whole - 1, 2))


def _squares(maps_NCSR: Tensor) -> Tensor:
    """Sum of squares, float64 [N]."""
    return maps_NCSR.square().sum((1, 2, 3), dtype=torch.float64)


def _stacked(square_TL: Sequence[Sequence[Tensor]]) -> Tensor:
    """[N, T, L] of lists of [N]."""
    return torch.stack([torch.stack(list(square_L), 1) for square_L in square_TL], 1)


def _share(square: Tensor, length: Tensor) -> Tensor:
    """The root of a quotient of squares; NaN where the lower one is 0."""
    return torch.where(length > 0, square / length, math.nan).sqrt()
