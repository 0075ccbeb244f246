"""Maps whose rows (angles) wrap, made while ReLU writes them rather than by a copy before every convolution."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn import functional as F


def wrapped_rows(x_NCSR: Tensor) -> Tensor:
    """Return [N, C, S + 2, R]: the last row before the first, and the first behind the last."""
    # Unlike F.pad, this keeps channels last: a fifth of a training step on a CPU.
    return torch.cat([x_NCSR[:, :, -1:], x_NCSR, x_NCSR[:, :, :1]], 2)


class WrappingReLU(torch.autograd.Function):
    """ReLU, then `wrapped_rows`, in one pass over the map; equal to both to the bit, gradients included.

    The backward pass of a copy costs more than the copy: without it a training step on a CPU is up to a fifth faster
    (docs/RESULTS.md), and one map is kept for it instead of two.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, x_NCSR: Tensor) -> Tensor:
        """Return [N, C, S + 2, R]."""
        images, channels, rows, columns = x_NCSR.shape
        last = x_NCSR.is_contiguous(memory_format=torch.channels_last)
        wrapped = torch.empty(
            (images, channels, rows + 2, columns),
            dtype=x_NCSR.dtype,
            device=x_NCSR.device,
            memory_format=torch.channels_last if last else torch.contiguous_format,
        )
        torch.clamp_min(x_NCSR, 0, out=wrapped[:, :, 1:-1])
        wrapped[:, :, 0] = wrapped[:, :, -2]
        wrapped[:, :, -1] = wrapped[:, :, 1]
        ctx.save_for_backward(wrapped)
        return wrapped

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, g_NCSR: Tensor) -> Tensor:
        """Return the gradient of [N, C, S, R]."""
        (wrapped,) = ctx.saved_tensors  # type: ignore[attr-defined]
        active = wrapped[:, :, 1:-1]
        gradient = torch.ops.aten.threshold_backward(g_NCSR[:, :, 1:-1], active, 0)
        gradient[:, :, -1] += g_NCSR[:, :, 0] * (active[:, :, -1] > 0)
        gradient[:, :, 0] += g_NCSR[:, :, -1] * (active[:, :, 0] > 0)
        return gradient


def wrapped_features(modules: Iterable[nn.Module], x_NCSR: Tensor) -> Tensor:
    """Return what convolutions that wrap their rows, ReLUs and pools give, one after the other.

    Args:
        modules: of `VGG16.features`, in order.
        x_NCSR: input.
    """
    y, is_wrapped, layers = x_NCSR, False, list(modules)
    for module, after in zip(layers, [*layers[1:], None], strict=True):
        if isinstance(module, nn.Conv2d):
            y = F.conv2d(y if is_wrapped else wrapped_rows(y), module.weight, module.bias, module.stride, (0, 1))
            is_wrapped = False
        elif isinstance(module, nn.ReLU) and isinstance(after, nn.Conv2d):
            y, is_wrapped = WrappingReLU.apply(y), True
        else:
            y = module(y)
    return y
