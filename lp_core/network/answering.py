"""A network as a function from network inputs to logits, for callers that know nothing of tensors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from lp_core.network.inputs import filled, normalized


def answering(network: nn.Module, device: torch.device, batch: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function: uint8 [N, size, size, 3] with N up to `batch` -> float32 logits [N, classes].

    Every forward pass has the full batch, filled with black, so that an image's logits do not depend on how many others
    there are.

    Args:
        network: in evaluation mode, in fp32.
        device: to compute on; the network is moved there.
        batch: images of a forward pass.
    """
    network = network.to(device).to(memory_format=torch.channels_last)

    def answer(images_NSRC: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            logits_NC = network(normalized(filled(images_NSRC, batch), device))[: len(images_NSRC)]
        return logits_NC.float().cpu().numpy()

    return answer
