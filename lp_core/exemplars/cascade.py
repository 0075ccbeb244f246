"""Cascading randomisation: a network whose layers get random weights one by one, from a unit's own layer down.

Layers above a unit never enter its picture, so they stay as they are. Source: Adebayo et al. 2018, who start at the
output because they draw the output's gradient.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import torch

from lp_core.network.initialization import first_network
from lp_core.network.layers import conv_layers
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings, ViewName


def random_network(settings: NetworkSettings, view: ViewName, seed: int) -> VGG16:
    """Return a network of random weights, by the run's own initialisation, without a classifier.

    Args:
        settings: of the network.
        view: network input that it is for.
        seed: another than that of the training: a trained network resembles its first weights.
    """
    # The convolutions are filled first; a classifier of another size leaves them as they are.
    network = first_network(replace(settings, pool=1), view, 2, seed)
    del network.classifier
    return network


def depths(layer: str) -> int:
    """Return the number of convolutions from a layer down to the first, itself included."""
    return list(conv_layers()).index(layer) + 1


@torch.no_grad()
def cascaded(network: VGG16, random: VGG16, layer: str, depth: int) -> VGG16:
    """Return a network whose convolutions from a layer down, `depth` of them, have random weights.

    Args:
        network: whose other weights it shares.
        random: whose weights it shares in these layers.
        layer: where randomisation starts.
        depth: number of convolutions; 0 for none, `depths(layer)` for all that the layer depends on.

    Raises:
        ValueError: there are not so many.
    """
    layers = list(conv_layers())[: depths(layer)]
    if not 0 <= depth <= len(layers):
        raise ValueError(f"depth is {depth}; {layer} depends on {len(layers)} convolutions")
    mixed = deepcopy(network, {id(part): part for part in network.parameters()})
    for name in layers[len(layers) - depth :]:
        mixed.features[conv_layers()[name]] = random.features[conv_layers()[name]]
    return mixed
