"""Dropout that does not depend on who computes an image, or beside which others."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_MASK = 0xFFFFFFFF


class RowDropout(nn.Module):
    """Dropout (Srivastava et al. 2014) that drops a unit of an image by (key of the image, layer, unit) alone.

    `nn.Dropout` draws from a generator's state: the units that drop out change with the number of workers, with the
    parts of an accumulated batch, with the device and with a compiler. Like it, this has no parameters, keeps the mean,
    and does nothing in evaluation.

    Args:
        p: probability of dropping a unit, 0 <= p < 1.
        layer: number that tells the dropout layers of a network apart.

    Attributes:
        key_N: int64 [N], a 32-bit number for each image of the next forward pass.
    """

    def __init__(self, p: float, layer: int) -> None:
        super().__init__()
        self.p, self.layer = p, layer
        self.key_N: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return what was given, [N, ...], with some units zero; what is left is divided by 1 - p.

        Raises:
            ValueError: there is not one key for each image.
        """
        if not self.training or self.p == 0:
            return x
        if self.key_N is None or len(self.key_N) != len(x):
            keys = "no" if self.key_N is None else len(self.key_N)
            raise ValueError(f"{len(x)} images, but {keys} keys: `row_keys` gives them before a pass in training")
        x_NC = x.flatten(1)  # itself, where it has no positions
        unit_C = torch.arange(x_NC.shape[1], device=x_NC.device)
        hash_NC = mixed(mixed(self.key_N + self.layer)[:, None] ^ unit_C)
        keep_NC = hash_NC >= int(self.p * 2**32)
        return (x_NC * keep_NC / (1 - self.p)).view(x.shape)


def row_keys(seed: int, step: int, row_N: Tensor) -> Tensor:
    """A number for every image of a training step, int64 [N] in 0 .. 2^32 - 1.

    Args:
        seed: of the run.
        step: of the training.
        row_N: int64 [N], numbers of the images' rows.
    """
    start = torch.full((), seed & _MASK, device=row_N.device)  # `torch.tensor` would copy, and wait for a GPU
    return mixed(mixed(mixed(start) + step) + row_N)


def mixed(x: Tensor) -> Tensor:
    """int64 of any shape -> int64 in 0 .. 2^32 - 1, a function of the lower 32 bits that looks random.

    Source: `lowbias32` of Wellons, "Prospecting for Hash Functions" (2018): a bijection of 32-bit numbers; flipping a
    bit of the input flips each bit of the output with a probability of very nearly 1/2.
    """
    x = x & _MASK
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & _MASK
    x = ((x ^ (x >> 15)) * 0x846CA68B) & _MASK
    return x ^ (x >> 16)
