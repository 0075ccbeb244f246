"""One row per channel of every view: what was measured of it, for the gallery and for readers.

Shapes: C channels of all layers, K places of each (nine).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from lp_core.findings.nines import Nines
from lp_core.findings.values import measure_and_embedding
from lp_core.measures.grouping import class_entropy, distinct_classes, purity
from lp_core.measures.interpretability import FEW_ACTIVE

SCHEMA = pa.schema(
    [
        ("view", pa.string()),
        ("layer", pa.string()),
        ("channel", pa.int64()),
        ("dead", pa.bool_()),
        ("complete", pa.bool_()),
        ("active_share", pa.float64()),
        ("few_active", pa.bool_()),
        ("distinct", pa.float64()),
        ("purity", pa.float64()),
        ("entropy", pa.float64()),
        *((name, pa.float64()) for name in ("G", "G_z", "G_p", "G_q", "W", "W_z", "M", "E")),
        ("foveal_index", pa.float64()),
        ("eccentricity_px", pa.float64()),
        ("padding_share", pa.float64()),
        ("fill_share", pa.float64()),
    ]
)


def channel_table(
    nines: Nines,
    effects: pa.Table,
    view: str,
    *,
    firing: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
    active_C: np.ndarray | None = None,
) -> pa.Table:
    """Return one row per channel, `SCHEMA`; NaN where something was not measured.

    Args:
        nines: of the trained network, all channels.
        effects: of its complete channels (`channel_effects`).
        view: the first column.
        firing: by layer, foveal index and eccentricity of its channels (`channel_firing`).
        active_C: share of the images that activate each channel; NaN unless given.
    """
    complete_C, channels = nines.complete_C, len(nines.layer_C)
    columns: dict[str, object] = {"view": [view] * channels}
    columns |= {"layer": [nines.layers[index] for index in nines.layer_C.tolist()], "channel": nines.channel_C}
    columns |= {"dead": nines.dead_C, "complete": complete_C}
    active_C = np.full(channels, math.nan) if active_C is None else active_C
    columns |= {"active_share": active_C, "few_active": active_C < FEW_ACTIVE}
    for name, measure in (("distinct", distinct_classes), ("purity", purity), ("entropy", class_entropy)):
        value_C = np.full(channels, math.nan)
        if complete_C.any():
            value_C[complete_C] = measure(nines.label_CK[complete_C])
        columns[name] = value_C
    for name, column in (("G", "value"), ("G_z", "z"), ("G_p", "p"), ("G_q", "q"), ("W", "value"), ("W_z", "z")):
        columns[name] = _effect(nines, effects, name[0], column)
    columns |= {name: _mean_embedding(nines, effects, name) for name in ("E", "M")}
    columns["foveal_index"] = _by_layer(nines, {layer: pair[0] for layer, pair in (firing or {}).items()})
    columns["eccentricity_px"] = _by_layer(nines, {layer: pair[1] for layer, pair in (firing or {}).items()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # channels without any image have no mean
        columns["padding_share"] = np.nanmean(nines.padding_CK, 1)
        columns["fill_share"] = np.nanmean(np.where(nines.image_CK < 0, math.nan, nines.fill_CK), 1)
    return pa.table({name: columns[name] for name in SCHEMA.names}, SCHEMA)


def _effect(nines: Nines, effects: pa.Table, measure: str, column: str) -> np.ndarray:
    """A column of a measure of the complete channels, at the places of all channels; NaN elsewhere."""
    mine = effects.filter(np.array(effects["measure"].to_pylist()) == measure) if len(effects) else effects
    value_C = np.full(len(nines.layer_C), math.nan)
    if len(mine):
        value_C[nines.complete_C] = mine[column].to_numpy()
    return value_C


def _mean_embedding(nines: Nines, effects: pa.Table, measure: str) -> np.ndarray:
    """E or M of each channel, averaged over the embeddings."""
    names = sorted({name for name in effects["measure"].to_pylist() if measure_and_embedding(name)[0] == measure})
    values = [_effect(nines, effects, name, "value") for name in names]
    return np.mean(values, axis=0) if values else np.full(len(nines.layer_C), math.nan)


def _by_layer(nines: Nines, value: Mapping[str, np.ndarray]) -> np.ndarray:
    """Values of the layers' channels, one layer after the other; NaN for layers without."""
    value_C = np.full(len(nines.layer_C), math.nan)
    for layer, of_layer in value.items():
        value_C[nines.channels(layer)] = of_layer
    return value_C
