"""Each layer's channels mixed by a random rotation: what a layer says without the axes it says it in (null N4)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lp_core.measures.nulls import random_rotation


def layer_rotations(layer_channels: Mapping[str, int], seed: int, device: torch.device) -> dict[str, Tensor]:
    """Return a random orthogonal matrix [C, C] of every layer, float32.

    Args:
        layer_channels: number of channels by layer.
        seed: of the run; each layer draws from its own stream.
        device: where the matrices are needed.
    """
    return {
        layer: torch.tensor(random_rotation(channels, np.random.default_rng([seed, number])), dtype=torch.float32).to(
            device
        )
        for number, (layer, channels) in enumerate(layer_channels.items())
    }


def rotated(map_NCSR: Tensor, rotation_CC: Tensor) -> Tensor:
    """Return the positive part of a layer's mixed channels, [N, C, S, R]: peaks are positive, as those of channels.

    Args:
        map_NCSR: activations after ReLU.
        rotation_CC: from `layer_rotations`.
    """
    return F.conv2d(map_NCSR, rotation_CC.to(map_NCSR.dtype)[:, :, None, None]).relu_()
