"""Which channels' pictures are tested."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from lp_core.errors import SettingError
from lp_core.network.layers import architecture_of
from lp_core.settings import Recipe


def asked_layers(recipe: Recipe) -> list[str]:
    """Return the layers that `measure.sanity_layers` names, in the network's order.

    Raises:
        SettingError: a layer does not exist.
    """
    layers, asked = list(architecture_of(recipe.network).channels), recipe.measure.sanity_layers
    for layer in asked:
        if layer not in (*layers, "all"):
            near = difflib.get_close_matches(layer, (*layers, "all"), 1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise SettingError(f"measure.sanity-layers: no layer '{layer}'{hint}; there are all, {', '.join(layers)}")
    return [layer for layer in layers if "all" in asked or layer in asked]


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
