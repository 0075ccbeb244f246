"""Which channels' pictures are tested."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from lp_core.errors import SettingError
from lp_core.network.layers import Architecture, architecture_of
from lp_core.settings import MeasureSettings, Recipe

USUAL = MeasureSettings.sanity_layers
"""Layers of VGG-16 that are tested unless others are named: one of each block."""


def asked_layers(recipe: Recipe) -> list[str]:
    """Return the layers that `measure.sanity_layers` names, in the network's order; `usual_layers` unless it names any.

    Raises:
        SettingError: a layer does not exist.
    """
    architecture, asked = architecture_of(recipe.network), recipe.measure.sanity_layers
    layers = list(architecture.channels)
    if asked == USUAL and not {*USUAL} <= {*layers}:
        return usual_layers(architecture)
    for layer in asked:
        if layer not in (*layers, "all"):
            near = difflib.get_close_matches(layer, (*layers, "all"), 1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise SettingError(f"measure.sanity-layers: no layer '{layer}'{hint}; there are all, {', '.join(layers)}")
    return [layer for layer in layers if "all" in asked or layer in asked]


def usual_layers(architecture: Architecture) -> list[str]:
    """Return the layers to test of a network that has not all of `USUAL`: the last one before each pool, and the last.

    A convolution without a ReLU counts as a pool. Where these are more than five, or one, five are spread over the
    depth, the first and the last included.
    """
    layers = architecture.layers
    last = [
        layer.name
        for layer, after in zip(layers, (*layers[1:], None), strict=True)
        if after is None or len(after.kernels) > len(layer.kernels) + 1
    ]
    if 1 < len(last) <= len(USUAL):
        return last
    names = list(architecture.channels)
    places = np.linspace(0, len(names) - 1, min(len(USUAL), len(names))).round().astype(int)
    return [names[place] for place in places]


def sanity_channels(recipe: Recipe, alive: Iterable[Mapping[str, Any]]) -> dict[str, list[int]]:
    """Return channels by layer, ascending; random ones depend on the run's seed, the layer and which are alive.

    Args:
        recipe: its `measure.sanity_layers`, `measure.sanity_channels` and `seed` choose.
        alive: `layer` and `channel` of those that any image excites.

    Raises:
        SettingError: a layer does not exist.
    """
    by_layer: dict[str, list[int]] = {}
    for row in alive:
        by_layer.setdefault(row["layer"], []).append(row["channel"])
    chosen, layers = {}, list(architecture_of(recipe.network).channels)
    for layer in asked_layers(recipe):
        rng = np.random.default_rng([recipe.seed, layers.index(layer)])
        shuffled = rng.permutation(sorted(by_layer.get(layer, []))).tolist()
        chosen[layer] = sorted(shuffled[: recipe.measure.sanity_channels])
    return {layer: channels for layer, channels in chosen.items() if channels}
