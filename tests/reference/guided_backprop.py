"""The three rules by automatic differentiation over the whole image, as the papers state them."""

import torch
from torch import Tensor, nn

from lp_core.network.layers import conv_layers
from lp_core.network.vgg16 import VGG16


class _Guided(torch.autograd.Function):
    """Springenberg et al. 2014, figure 1c: back go positive gradients, where the input was positive."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return torch.where((x > 0) & (g > 0), g, 0)


class _Deconvnet(torch.autograd.Function):
    """Zeiler & Fergus 2014, section 2.1: the backward signal passes through a ReLU of its own."""

    @staticmethod
    def forward(ctx, x):
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, g):
        return torch.where(g > 0, g, 0)


RELU = {"guided": _Guided.apply, "deconvnet": _Deconvnet.apply, "gradient": torch.relu}


def from_one_unit(
    network: VGG16, image_3SR: Tensor, layer: str, unit: tuple[int, int, int], rule: str
) -> tuple[Tensor, float]:
    """Gradient [3, S, R] and activation of a unit after ReLU; a map that is zero but for the unit goes back."""
    x = image_3SR[None].clone().requires_grad_()
    y = x
    for module in network.features[: conv_layers()[layer] + 2]:
        y = RELU[rule](y) if isinstance(module, nn.ReLU) else module(y)
    seed = torch.zeros_like(y)
    seed[(0, *unit)] = 1
    (gradient,) = torch.autograd.grad(y, x, seed)
    return gradient[0], float(y.detach()[(0, *unit)])
