"""Cascading randomisation: a network whose layers get random weights one by one, from a unit's own layer down.

Layers above a unit never enter its picture, so they stay as they are. Source: Adebayo et al. 2018, who start at the
output because they draw the output's gradient.
"""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from lp_core.network.initialization import first_network, initialize
from lp_core.network.layers import VGG_16, Architecture
from lp_core.network.plain_network import PlainNetwork
from lp_core.network.stack import Stack
from lp_core.settings import NetworkSettings, ViewName


def random_network(settings: NetworkSettings, view: ViewName, seed: int) -> nn.Module:
    """Return a network of random weights, by the run's own initialisation; a VGG comes without a classifier.

    Args:
        settings: of the network.
        view: network input that it is for.
        seed: another than that of the training: a trained network resembles its first weights.
    """
    if settings.modules:
        return initialize(PlainNetwork(settings.modules), settings.initialization, seed).eval()
    # The convolutions are filled first; a classifier of another size leaves them as they are.
    network = first_network(replace(settings, pool=1), view, 2, seed)
    del network.classifier
    return network


def depths(layer: str, architecture: Architecture = VGG_16) -> int:
    """Return the number of layers from one down to the first, itself included."""
    return list(architecture.channels).index(layer) + 1


def cascaded(network: nn.Module | Stack, random: nn.Module | Stack, layer: str, depth: int) -> Stack:
    """Return a network whose layers from one down, `depth` of them, have random weights.

    A convolution without a ReLU of its own belongs to the layer behind it.

    Args:
        network: whose other weights it shares.
        random: whose weights it shares in these layers; equal in shape.
        layer: where randomisation starts.
        depth: number of layers; 0 for none, `depths(layer)` for all that the layer depends on.

    Raises:
        ValueError: there are not so many.
    """
    stack, other = Stack.of(network), Stack.of(random)
    ends = [0, *(index + 1 for index in stack.layers.values())]
    own = depths(layer, stack.architecture)
    if not 0 <= depth <= own:
        raise ValueError(f"depth is {depth}; {layer} depends on {own} layers")
    first, end = ends[own - depth], ends[own]
    return Stack((*stack.steps[:first], *other.steps[first:end], *stack.steps[end:]))
