"""The largest activation of every channel of every convolution, for each image, in one forward pass.

Shapes: N images, C channels of all layers one after the other (4,224 in VGG-16), S R sectors and rings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lp_core.network.vgg16 import VGG16, conv_layers

KEEP = 9
"""Exemplars of a channel, as in Zeiler & Fergus 2014."""


class ActivationError(ValueError):
    """A network gave an activation that is not a finite number; the message names image and layer."""


@dataclass(frozen=True)
class Peaks:
    """Where, and how strongly, each channel responds most in each image of a batch.

    Attributes:
        value_NC: float32, largest activation after ReLU over the map, so 0 or more.
        position_NC2: int32, (row, col) of its first occurrence in the map, row by row; (-1, -1) where not looked for.
    """

    value_NC: Tensor
    position_NC2: Tensor


@torch.inference_mode()
def find_peaks(
    network: VGG16,
    x_N3SR: Tensor,
    threshold_C: Tensor | None = None,
    *,
    rows: Sequence[int] | None = None,
    locate_all: bool = False,
) -> Peaks:
    """Return every channel's peak in every image of a batch.

    Positions cost more than values, so they are looked for only where the peak is positive, reaches `threshold_C` and
    is among the nine largest of the batch: no other can become an exemplar.

    Args:
        network: any VGG16; only its `features` run, nothing is attached to them.
        x_N3SR: normalised input on the network's device, in its precision.
        threshold_C: smallest activation worth a position, usually `TopK.threshold()`; none looks for all.
        rows: row numbers of the images, for the error's text. Images beyond the last one fill up the batch: they are
            computed, then left out.
        locate_all: give a position to every positive peak.

    Raises:
        ActivationError: an activation is NaN or infinite.
    """
    images = len(x_N3SR) if rows is None else len(rows)
    value_by_layer, position_by_layer = [], []
    last = list(conv_layers().values())[-1] + 1
    first_channel = 0
    y = x_N3SR
    for index, module in enumerate(network.features):
        if index > last:
            break
        y = module(y)
        if isinstance(module, torch.nn.ReLU):
            a_NCSR = y[:images]
            value_NC = a_NCSR.amax((2, 3)).float()
            channels = slice(first_channel, first_channel + value_NC.shape[1])
            wanted_NC = value_NC > 0
            if not locate_all:
                wanted_NC &= value_NC >= _batch_threshold(value_NC)
                if threshold_C is not None:
                    wanted_NC &= value_NC >= threshold_C[channels].to(value_NC)
            value_by_layer.append(value_NC)
            position_by_layer.append(_positions(a_NCSR, wanted_NC))
            first_channel = channels.stop
    peaks = Peaks(torch.cat(value_by_layer, 1), torch.cat(position_by_layer, 1))
    if not peaks.value_NC.isfinite().all():
        raise ActivationError(_complaint(value_by_layer, rows))
    return peaks


def _batch_threshold(value_NC: Tensor) -> Tensor:
    """Each channel's ninth largest value in the batch."""
    return value_NC.topk(min(KEEP, len(value_NC)), dim=0).values[-1]


def _positions(a_NCSR: Tensor, wanted_NC: Tensor) -> Tensor:
    """First position of the maximum of the wanted maps, (-1, -1) for the others."""
    position_NC2 = torch.full((*wanted_NC.shape, 2), -1, dtype=torch.int32, device=a_NCSR.device)
    image_P, channel_P = wanted_NC.nonzero(as_tuple=True)
    flat_P = a_NCSR[image_P, channel_P].flatten(1).argmax(1)
    cols = a_NCSR.shape[3]
    position_NC2[image_P, channel_P] = torch.stack([flat_P // cols, flat_P % cols], 1).int()
    return position_NC2


def _complaint(value_by_layer: list[Tensor], rows: Sequence[int] | None) -> str:
    """Names the first layer that went wrong, and the first image there."""
    for layer, value_NC in zip(conv_layers(), value_by_layer, strict=True):
        broken_N = ~value_NC.isfinite().all(1)
        if broken_N.any():
            place = int(broken_N.int().argmax())
            image = f"image {place} of the batch" if rows is None else f"the image in row {rows[place]}"
            wrong = "NaN" if value_NC[place].isnan().any() else "infinite"
            return f"{layer} has {wrong} activations for {image}; check the weights, and try precision fp32"
    raise AssertionError("all activations are finite")
