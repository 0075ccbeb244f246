"""How the layers of a network evolve: overlap between chance and ceiling, births, drift, and how far the weights are.

Shapes: E checkpoints in ascending order, C channels of a layer with nine images at the last one, K places (nine).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from scipy import stats

from lp_core.findings.evolution import Checkpoint, channel_births, channel_centres
from lp_core.findings.nines import Nines
from lp_core.findings.values import ALL_LAYERS, Values
from lp_core.measures.birth import jumps
from lp_core.measures.clusters import channel_clusters
from lp_core.measures.drift import mean_drift
from lp_core.measures.evolution import shared
from lp_core.measures.overlap import chance_overlap, mean_overlap, normalised_overlap
from lp_core.measures.rank_overlap import rank_biased_overlap
from lp_core.measures.survival import kaplan_meier, median_interval

NUMBERS = (
    *("overlap", "chance", "ceiling", "normalised_overlap", "rank_overlap", "jump_share"),
    *("unborn_share", "radius_drift", "angle_drift", "weight_distance", "learning_rate"),
)
SCHEMA = pa.schema(
    [
        ("layer", pa.string()),
        ("epoch", pa.int64()),
        ("channels", pa.int64()),
        *((name, pa.float64()) for name in NUMBERS),
    ]
)
BIRTH_SCHEMA = pa.schema(
    [
        ("layer", pa.string()),
        ("channels", pa.int64()),
        ("clusters", pa.int64()),
        *((name, pa.float64()) for name in ("median", "low", "high", "mean", "censored_share")),
    ]
)


def layer_table(
    checkpoints: Sequence[Checkpoint],
    other_crop: Nines,
    distances: Mapping[str, np.ndarray],
    rate_E: Sequence[float],
) -> pa.Table:
    """Return one row per layer and epoch, `SCHEMA`; NaN where something is unknown.

    Channels are those with nine images at the last checkpoint. `overlap`: images shared with the last nine, mean;
    `chance`: the same between different channels; `ceiling`: the last nine and those of another crop;
    `jump_share`: channels that jumped since the checkpoint before; `unborn_share`: Kaplan-Meier; `radius_drift` (px)
    and `angle_drift` (0 to 2): from the last centroids.

    Args:
        checkpoints: in ascending order.
        other_crop: nines of the last weights with another crop of the same images.
        distances: by layer, `relative_distances`, float64 [E].
        rate_E: learning rate at each checkpoint.
    """
    last = checkpoints[-1]
    born, centres = channel_births(checkpoints), [channel_centres(checkpoint) for checkpoint in checkpoints]
    rows = []
    for layer in last.nines.layers:
        mine_C = last.nines.channels(layer) & last.nines.complete_C
        image_CK = last.nines.image_CK[mine_C]
        ceiling = mean_overlap(other_crop.image_CK[mine_C], image_CK)
        survival = kaplan_meier(born.epoch_C[mine_C], born.is_seen_C[mine_C]) if mine_C.any() else None
        previous_CK = None
        for number, checkpoint in enumerate(checkpoints):
            now_CK = checkpoint.nines.image_CK[mine_C]
            overlap, chance = mean_overlap(now_CK, image_CK), chance_overlap(now_CK, image_CK)
            radius_C, angle_C = (centre[mine_C] for centre in centres[number])
            row = {"layer": layer, "epoch": checkpoint.epoch, "channels": int(mine_C.sum())}
            row |= {"overlap": overlap, "chance": chance, "ceiling": ceiling}
            row |= {"normalised_overlap": normalised_overlap(overlap, chance, ceiling)}
            row |= {"rank_overlap": _mean(rank_biased_overlap(now_CK, image_CK))}
            row |= {"jump_share": math.nan if previous_CK is None else _mean(_jumped(now_CK, previous_CK))}
            row |= {"unborn_share": survival.share_after(checkpoint.epoch) if survival else math.nan}
            row |= {"radius_drift": mean_drift(radius_C, centres[-1][0][mine_C])}
            row |= {"angle_drift": mean_drift(angle_C, centres[-1][1][mine_C])}
            row |= {"weight_distance": float(distances[layer][number]), "learning_rate": rate_E[number]}
            rows.append(row)
            previous_CK = now_CK
    return pa.Table.from_pylist(rows, SCHEMA)


def layer_births(checkpoints: Sequence[Checkpoint], seed: int) -> pa.Table:
    """Return one row per layer, `BIRTH_SCHEMA`: the median birth epoch with its interval over clusters of channels.

    `mean`: mean birth epoch, those that were not seen counted as the last; `censored_share`: births that were not seen.
    Layers without a channel that has nine images have NaN.

    Args:
        checkpoints: in ascending order.
        seed: of the resamples.
    """
    nines, born, rows = checkpoints[-1].nines, channel_births(checkpoints), []
    for number, layer in enumerate(nines.layers):
        mine_C = nines.channels(layer) & nines.complete_C
        time_C, is_seen_C = born.epoch_C[mine_C], born.is_seen_C[mine_C]
        row = {"layer": layer, "channels": int(mine_C.sum()), "clusters": 0}
        row |= dict.fromkeys(("median", "low", "high", "mean", "censored_share"), math.nan)
        if mine_C.any():
            cluster_C = channel_clusters(nines.image_CK[mine_C])
            found = median_interval(time_C, is_seen_C, cluster_C, np.random.default_rng([seed, number]))
            row |= {"median": found.estimate, "low": found.low, "high": found.high, "clusters": found.n}
            row |= {"mean": kaplan_meier(time_C, is_seen_C).mean, "censored_share": float(1 - is_seen_C.mean())}
        rows.append(row)
    return pa.Table.from_pylist(rows, BIRTH_SCHEMA)


def evolution_values(view: str, layers: pa.Table, births: pa.Table) -> Values:
    """Return what claims about evolution are judged by; nothing where a number is unknown.

    By layer: `evolution.median_birth`, `mean_birth`, `censored_share`; `shared` (images), `overlap` (the same between
    chance and ceiling) and `rank_overlap`, each averaged over the time up to the last checkpoint but one; `ceiling`;
    `jumps` per channel; `drift.radius` and `drift.angle` between the first and the last checkpoint. Of all layers:
    `depth_birth_rho`, Spearman's correlation of depth and median birth, and `depth_birth_rho.by_weights`, the same with
    the way that the layer's weights had gone by then instead of the epoch.

    Args:
        view: whose network.
        layers: `layer_table`.
        births: `layer_births`.
    """
    rows, values = layers.to_pylist(), Values()
    medians, progress = [], []
    for birth in births.to_pylist():
        mine = [row for row in rows if row["layer"] == birth["layer"]]
        named = {"median_birth": birth["median"], "mean_birth": birth["mean"]}
        named |= {"censored_share": birth["censored_share"], "ceiling": mine[-1]["ceiling"]}
        named |= {"shared": _over_time(mine, "overlap"), "overlap": _over_time(mine, "normalised_overlap")}
        named |= {"rank_overlap": _over_time(mine, "rank_overlap")}
        named |= {"jumps": sum(row["jump_share"] for row in mine[1:])}
        named |= {f"drift.{centre}": mine[0][f"{centre}_drift"] for centre in ("radius", "angle")}
        values |= {(view, birth["layer"], f"evolution.{name}"): value for name, value in named.items()}
        left = {row["epoch"]: row["weight_distance"] for row in mine}
        medians.append(birth["median"])
        progress.append(1 - left.get(birth["median"], math.nan))
    values[view, ALL_LAYERS, "evolution.depth_birth_rho"] = depth_correlation(medians)
    values[view, ALL_LAYERS, "evolution.depth_birth_rho.by_weights"] = depth_correlation(progress)
    return {key: value for key, value in values.items() if math.isfinite(value)}


def depth_correlation(value_L: Sequence[float]) -> float:
    """Return Spearman's correlation of depth with a value of each layer, from the input upwards.

    Layers of unknown value are left out. NaN for fewer than three layers, and where all have the same value.
    """
    known = [(depth, value) for depth, value in enumerate(value_L) if math.isfinite(value)]
    if len(known) < 3 or len({value for _, value in known}) < 2:
        return math.nan
    return float(stats.spearmanr(*zip(*known, strict=True)).statistic)


def _jumped(now_CK: np.ndarray, previous_CK: np.ndarray) -> np.ndarray:
    """Float64 [C]: 1 for channels that jumped, NaN for those that were dead in either."""
    is_dead_C = (now_CK[:, 0] < 0) | (previous_CK[:, 0] < 0)
    jump_C = jumps(now_CK[:, 0] == previous_CK[:, 0], shared(now_CK, previous_CK))
    return np.where(is_dead_C, np.nan, jump_C)


def _mean(value_C: np.ndarray) -> float:
    known_C = value_C[~np.isnan(value_C)]
    return float(known_C.mean()) if len(known_C) else math.nan


def _over_time(rows: Sequence[Mapping[str, float]], name: str) -> float:
    """A number's mean over epochs up to the last checkpoint but one, linear in between: at the last all is shared."""
    epoch_E, value_E = (np.array([row[key] for row in rows[:-1]], float) for key in ("epoch", name))
    known_E = ~np.isnan(value_E)  # before most channels were alive there is no rank-biased overlap
    if known_E.sum() < 2:
        return math.nan
    area = np.trapezoid(value_E[known_E], epoch_E[known_E])
    return float(area / np.ptp(epoch_E[known_E]))
