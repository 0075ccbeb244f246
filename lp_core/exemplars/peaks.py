"""The largest activation of every channel of every convolution, for each image, in one forward pass.

Shapes: N images, C channels of all layers one after the other (4,224 in VGG-16), S R sectors and rings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lp_core.exemplars.rotated_basis import rotated
from lp_core.network.stack import Stack


class ActivationError(ValueError):
    """A network gave an activation that is not a finite number; the message names image and layer.

    Attributes:
        row: row number of the image, or its place in the batch if rows are not known.
    """

    def __init__(self, message: str, row: int) -> None:
        super().__init__(message)
        self.row = row


@dataclass(frozen=True)
class Peaks:
    """Where, and how strongly, each channel is most active in each image of a batch.

    Attributes:
        value_NC: float32, largest activation after ReLU over the map, so 0 or more.
        position_NC2: int32, (row, col) of its first occurrence in the map, row by row; (-1, -1) where the value is 0.
    """

    value_NC: Tensor
    position_NC2: Tensor


@torch.no_grad()
def find_peaks(
    network: nn.Module | Stack,
    x_N3SR: Tensor,
    *,
    rows: Sequence[int] | None = None,
    rotations: Mapping[str, Tensor] | None = None,
    watch: Callable[[str, Tensor], None] | None = None,
    checked: bool = True,
) -> Peaks:
    """Return every channel's peak in every image of a batch, from one forward pass.

    On a CPU, network and images in `torch.channels_last` are by far the fastest: the peaks then cost 1 to 5 % of the
    pass (docs/EXEMPLARS.md).

    Args:
        network: a VGG16, or any other sequential network (docs/NETWORKS.md), in evaluation mode or taken so; its
            classifier does not run, and nothing is attached to it.
        x_N3SR: normalised input on the network's device, in its precision.
        rows: row numbers of the images, for the error's text. Images beyond the last one fill up the batch: they are
            computed, then left out.
        rotations: mixes the channels of each layer before their peaks are found (`rotated_basis`); the network itself
            computes as ever.
        watch: called with each layer's name and its maps [N, C, S, R], which are valid until it returns.
        checked: look whether all activations are finite, for which a GPU is waited for; else `fault_of` does it later.

    Raises:
        ActivationError: an activation is NaN or infinite, and `checked`.
        ValueError: a network that is not understood.

    Source: a maximum over the map, `max over (row, col) of ReLU(y[n, c, row, col])`; checked by a loop over all units
    (tests/reference/peaks.py).
    """
    stack = Stack.of(network)
    images = len(x_N3SR) if rows is None else len(rows)
    by_layer: dict[str, Peaks] = {}
    y = x_N3SR
    for step in stack.up_to(list(stack.layers)[-1]):
        y = step.module(y)
        if step.relu:
            y = y.relu_()
        if step.layer:
            maps = rotated(y, rotations[step.layer]) if rotations else y
            by_layer[step.layer] = _map_peaks(maps[:images])
            if watch is not None and images:
                if checked and not by_layer[step.layer].value_NC.isfinite().all():
                    raise _complaint(by_layer, rows)
                watch(step.layer, maps[:images])
    parts = by_layer.values()
    peaks = Peaks(torch.cat([part.value_NC for part in parts], 1), torch.cat([part.position_NC2 for part in parts], 1))
    if checked and not peaks.value_NC.isfinite().all():
        raise _complaint(by_layer, rows)
    return peaks


def _map_peaks(a_NCSR: Tensor) -> Peaks:
    """Peaks of one layer's maps; of equal activations both kernels take the first."""
    if a_NCSR.is_cuda:
        value_NC, flat_NC = first_maxima(a_NCSR)
    else:
        # Vectorised over channels in channels_last: as fast as a maximum without its position, and 10 times faster than
        # `max` with indices (measured, benchmarks/scan_peaks.py).
        value_NC11, flat_NC11 = F.adaptive_max_pool2d(a_NCSR, 1, return_indices=True)
        value_NC, flat_NC = value_NC11[..., 0, 0], flat_NC11[..., 0, 0]
    cols = a_NCSR.shape[3]
    position_NC2 = torch.stack([flat_NC // cols, flat_NC % cols], 2).int()
    return Peaks(value_NC.float(), position_NC2.masked_fill_((value_NC == 0)[..., None], -1))


def first_maxima(a_NCSR: Tensor) -> tuple[Tensor, Tensor]:
    """Return the largest activation of each map [N, C], and its first position, row by row: what suits a GPU."""
    # Over the memory as it lies: bringing the positions of channels_last together would copy the whole map.
    a_NPC = a_NCSR.permute(0, 2, 3, 1).flatten(1, 2)
    value_NC, flat_NC = a_NPC.max(1)  # of equal ones the first, as torch.max documents
    return value_NC, flat_NC


def fault_codes(value_NC: Tensor, layer_channels: Iterable[int]) -> Tensor:
    """Return uint8 [N, L], what is wrong with each image's peaks in each layer: 0 nothing, 1 infinite, 2 NaN.

    Args:
        value_NC: of all layers one after the other.
        layer_channels: number of channels of each layer.
    """
    parts = value_NC.split(list(layer_channels), 1)
    codes = [part.isinf().any(1) + 2 * part.isnan().any(1) for part in parts]
    return torch.stack(codes, 1).clamp(max=2).byte()


def fault_of(code_NL: Tensor, layers: Sequence[str], rows: Sequence[int] | None) -> ActivationError | None:
    """Return the complaint about the first layer that went wrong, and the first image there; None where all is well.

    Args:
        code_NL: from `fault_codes`.
        layers: their names.
        rows: row numbers of the images, if they are known.
    """
    for layer, code_N in zip(layers, code_NL.T.tolist(), strict=True):
        for number, code in enumerate(code_N):
            if code:
                image = f"image {number} of the batch" if rows is None else f"the image in row {rows[number]}"
                wrong = "NaN" if code == 2 else "infinite"
                text = f"{layer} has {wrong} activations for {image}; check the weights, and try precision fp32"
                return ActivationError(text, number if rows is None else rows[number])
    return None


def _complaint(by_layer: Mapping[str, Peaks], rows: Sequence[int] | None) -> ActivationError:
    """Names the first layer that went wrong, and the first image there."""
    values = [peaks.value_NC for peaks in by_layer.values()]
    codes_NL = fault_codes(torch.cat(values, 1), [value_NC.shape[1] for value_NC in values])
    error = fault_of(codes_NL, list(by_layer), rows)
    assert error is not None, "all activations are finite"
    return error
