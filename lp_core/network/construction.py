"""The network of a run's settings, before it has weights."""

from __future__ import annotations

import torch

from lp_core.network.plain_network import PlainNetwork
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings, ViewName

Network = VGG16 | PlainNetwork
"""What a run may hold."""


def constructed(settings: NetworkSettings, view: ViewName, classes: int) -> Network:
    """Return the network of settings.

    Args:
        settings: of the network.
        view: network input that it is for.
        classes: number of outputs of a VGG; a network of the user's own has as many as its text says.
    """
    return PlainNetwork(settings.modules) if settings.modules else VGG16(classes, settings, view)


def without_memory(settings: NetworkSettings, view: ViewName, classes: int) -> Network:
    """Return the same network with shapes alone, which takes no time: no weights are drawn."""
    with torch.device("meta"):
        return constructed(settings, view, classes)


def outputs_of(settings: NetworkSettings, view: ViewName, classes: int, size: int) -> int:
    """Return how many classes the network tells apart, from images of `size` px.

    Raises:
        ValueError: it cannot be applied to them.
    """
    network = without_memory(settings, view, classes).eval()
    try:
        with torch.no_grad():
            logits_NC = network(torch.empty(1, 3, size, size, device="meta"))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"the network cannot be applied to images of {size} px: {reason}") from None
    return logits_NC.shape[-1]
