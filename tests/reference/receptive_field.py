"""Receptive fields by experiment: which pixels a unit's value depends on, in a network that hides none."""

import numpy as np
import torch
from torch.nn import functional as F

from lp_core.network.layers import conv_layers


def seen_pixels(layer: str, shape_SR: tuple[int, int], row: int, col: int, *, circular: bool = False) -> np.ndarray:
    """Bool [S, R]: one channel, weights 1, means instead of maxima, no ReLU: every path from px to unit counts."""
    x = torch.zeros(1, 1, *shape_SR, dtype=torch.float64, requires_grad=True)
    y = x
    block = "1"
    for name in conv_layers():
        if name[4] != block:
            block = name[4]
            y = F.avg_pool2d(y, 2)
        y = F.pad(F.pad(y, (0, 0, 1, 1), "circular" if circular else "constant"), (1, 1, 0, 0))
        y = F.conv2d(y, torch.ones(1, 1, 3, 3, dtype=torch.float64))
        if name == layer:
            break
    y[0, 0, row, col].backward()
    assert x.grad is not None
    return (x.grad[0, 0] != 0).numpy()
