"""Peaks by looking at every activation, one after the other."""

import torch
from torch import Tensor, nn

from lp_core.network.layers import conv_layers
from lp_core.network.vgg16 import VGG16


def activation_maps(network: VGG16, x_N3SR: Tensor) -> dict[str, Tensor]:
    """Maps after ReLU [N, C, S, R] by layer; each layer by a pass of its own, from the image on."""
    with torch.no_grad():
        return {layer: network.features[: index + 2](x_N3SR.clone()) for layer, index in conv_layers().items()}


def peaks(network: VGG16, x_N3SR: Tensor) -> list[list[tuple[float, int, int]]]:
    """(value, row, col) of every image and channel, the channels of all layers one after the other."""
    found: list[list[tuple[float, int, int]]] = [[] for _ in x_N3SR]
    for maps in activation_maps(network, x_N3SR).values():
        for image, per_channel in enumerate(maps.float().tolist()):
            for activation in per_channel:
                best = (0.0, -1, -1)
                for row, line in enumerate(activation):
                    for col, value in enumerate(line):
                        if value > best[0]:
                            best = (value, row, col)
                found[image].append(best)
    return found


def is_untouched(network: nn.Module) -> bool:
    """Whether no module has a hook and no parameter a gradient."""
    hooks = [m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in network.modules()]
    return not any(hooks) and all(p.grad is None and p.requires_grad for p in network.parameters())
