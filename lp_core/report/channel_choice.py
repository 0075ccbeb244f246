"""Which channels get a panel: those that the settings name, and a few random ones of every other layer."""

from __future__ import annotations

import difflib

import numpy as np

from lp_core.errors import SettingError, check
from lp_core.network.layers import architecture_of
from lp_core.settings import Recipe


def chosen_channels(recipe: Recipe) -> dict[str, list[int]]:
    """Channels that get a panel, ascending, by layer; random ones depend on the run's seed and the layer alone.

    Raises:
        LogpolarError: a layer or channel does not exist.
    """
    settings = recipe.visualize
    layer_channels = architecture_of(recipe.network).channels
    for layer in settings.layers:
        if layer not in (*layer_channels, "all"):
            near = difflib.get_close_matches(layer, (*layer_channels, "all"), 1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are all, {', '.join(layer_channels)}"
            raise SettingError(f"visualize.layers: no layer '{layer}'{hint}")
    chosen = {}
    for index, (layer, count) in enumerate(layer_channels.items()):
        shuffled = np.random.default_rng([recipe.seed, index]).permutation(count).tolist()
        if layer not in settings.layers and "all" not in settings.layers:
            chosen[layer] = sorted(shuffled[: settings.few])
        elif settings.channels == "all":
            chosen[layer] = list(range(count))
        elif settings.channels.startswith("random:"):
            chosen[layer] = sorted(shuffled[: int(settings.channels.removeprefix("random:"))])
        else:
            numbers = sorted({int(part) for part in settings.channels.split(",")})
            check(
                numbers[-1] < count,
                f"visualize.channels: {layer} has channels 0 to {count - 1}, {numbers[-1]} was asked for",
            )
            chosen[layer] = numbers
    return {layer: numbers for layer, numbers in chosen.items() if numbers}
