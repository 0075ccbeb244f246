"""Grouping of the nine of one network: every measure of it against the popularity-preserving null.

Shapes: C channels with nine images, K places (nine), L classes, N images, D embedding dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa

from lp_core.findings.nines import Nines
from lp_core.measures.duplicates import different_pairs
from lp_core.measures.grouping import concordance, counted_pairs, pair_similarity, unit_vectors, unlike_pairs
from lp_core.measures.popularity import GroupingEffect, Measure, grouping_effects, tertiles

SCHEMA = pa.schema(
    [
        ("view", pa.string()),
        ("network", pa.string()),
        ("layer", pa.string()),
        ("measure", pa.string()),
        ("channels", pa.int64()),
        ("mean", pa.float64()),
        ("expected", pa.float64()),
        ("sd", pa.float64()),
        ("delta", pa.float64()),
        ("p", pa.float64()),
        ("holm", pa.float64()),
        ("significant_share", pa.float64()),
        ("samples", pa.int64()),
    ]
)
CHANNEL_SCHEMA = pa.schema(
    [
        ("layer", pa.string()),
        ("channel", pa.int64()),
        ("measure", pa.string()),
        ("value", pa.float64()),
        ("z", pa.float64()),
        ("p", pa.float64()),
        ("q", pa.float64()),
    ]
)
WITHOUT_DUPLICATES, INSIDE = "G_without_duplicates", "G_inside"


@dataclass(frozen=True)
class Likeness:
    """What makes two images alike, besides their class; each part may be missing.

    Attributes:
        similarity_LL: float32, of every two classes by meaning (`lin_similarity`).
        hash_CK: uint64, `difference_hash` of the image at each place of the nines.
        embeddings: by name; float32 [C, K, D] of the image at each place, centred on the mean of the data set.
        eccentricity_CK: of each place; those of a third of their layer trade among themselves under the null of E.
    """

    similarity_LL: np.ndarray | None = None
    hash_CK: np.ndarray | None = None
    embeddings: Mapping[str, np.ndarray] = field(default_factory=dict)
    eccentricity_CK: np.ndarray | None = None


Only = Literal["classes", "embeddings"]


def measure_grouping(
    nines: Nines, likeness: Likeness, samples: int, rng: np.random.Generator, *, only: Only | None = None
) -> dict[str, GroupingEffect]:
    """Return the effects against N1 of all measures that the data allow, by name; none if no channel has nine images.

    `G`, `G_without_duplicates` (pairs of nearly equal photographs left out), `W` and `W_unlike` (by meaning, of all
    pairs and of pairs of unlike classes), `G_inside` (places at the border of the input left out, which trade among
    themselves) and `E_<embedding>`.

    Args:
        nines: complete channels only.
        likeness: of their images.
        samples: B of the null.
        rng: of the null.
        only: measure `G` alone, as for checkpoints of a training, or `E_...` alone.

    Raises:
        ValueError: as `curveball`.
    """
    if not len(nines.image_CK):
        return {}
    of_classes, of_inside, of_embeddings = rng.spawn(3)  # what is measured besides does not change the samples
    clarities = {
        f"E_{name}": clarity_effect(nines, embedding_CKD, likeness.eccentricity_CK, samples, of_embeddings)
        for name, embedding_CKD in likeness.embeddings.items()
        if only != "classes"
    }
    if only == "embeddings":
        return clarities
    label = nines.label_CK.ravel()
    measures: dict[str, Measure] = {"G": lambda place_CK: concordance(label[place_CK])}
    if only == "classes":
        return grouping_effects(nines.image_CK, measures, samples, of_classes, layer_C=nines.layer_C)
    if likeness.hash_CK is not None:
        hashes = likeness.hash_CK.ravel()
        measures[WITHOUT_DUPLICATES] = lambda place_CK: concordance(label[place_CK], different_pairs(hashes[place_CK]))
    if likeness.similarity_LL is not None:
        similarity_LL = likeness.similarity_LL
        measures["W"] = lambda place_CK: pair_similarity(label[place_CK], similarity_LL)
        measures["W_unlike"] = lambda place_CK: pair_similarity(
            label[place_CK], similarity_LL, unlike_pairs(label[place_CK])
        )
    effects = grouping_effects(nines.image_CK, measures, samples, of_classes, layer_C=nines.layer_C)
    effects[INSIDE] = _inside(nines, samples, of_inside)
    return effects | clarities


def _inside(nines: Nines, samples: int, rng: np.random.Generator) -> GroupingEffect:
    """G of the places inside; those at the border trade among themselves, so each channel keeps its number of both."""
    label, border_CK = nines.label_CK.ravel(), nines.at_border_CK
    border = border_CK.ravel()
    measure: Measure = lambda place_CK: concordance(label[place_CK], counted_pairs(~border[place_CK]))  # noqa: E731
    return grouping_effects(
        nines.image_CK,
        {INSIDE: measure},
        samples,
        rng,
        layer_C=nines.layer_C,
        stratum_CK=border_CK.astype(np.int64),
        pool_C=border_CK.sum(1),
    )[INSIDE]


def clarity_effect(
    nines: Nines,
    embedding_CKD: np.ndarray,
    eccentricity_CK: np.ndarray | None,
    samples: int,
    rng: np.random.Generator,
) -> GroupingEffect:
    """Return the effect of E.

    It rests on the cosines of every two places of a layer, 0.6 GB for the layers of a full-width network.

    Args:
        nines: complete channels only; those of a layer lie side by side.
        embedding_CKD: of the image, or the patch, at each place, centred.
        eccentricity_CK: places trade within thirds of it only; None for no such bound.
        samples, rng: of the null.
    """
    keep = nines.image_CK.shape[1]
    cosines: list[tuple[np.ndarray, np.ndarray]] = []
    for layer in np.unique(nines.layer_C):
        mine = np.flatnonzero(nines.layer_C == layer)
        unit = unit_vectors(embedding_CKD[mine].reshape(-1, embedding_CKD.shape[-1])).astype(np.float32)
        cosines.append((mine, unit @ unit.T))

    def clarity(place_CK: np.ndarray) -> np.ndarray:
        """Channels trade within their layer, and a layer's channels lie side by side."""
        value_C = np.empty(len(place_CK))
        for mine, cosine in cosines:
            value_C[mine] = pair_similarity(place_CK[mine] - keep * mine[0], cosine)
        return value_C

    third_CK = None if eccentricity_CK is None else tertiles(eccentricity_CK, nines.layer_C)
    # Channels with equally many places in every third share a null distribution.
    pool_C = None if third_CK is None else (third_CK == 0).sum(1) * (keep + 1) + (third_CK == 1).sum(1)
    return grouping_effects(
        nines.image_CK, {"E": clarity}, samples, rng, layer_C=nines.layer_C, stratum_CK=third_CK, pool_C=pool_C
    )["E"]


def grouping_table(nines: Nines, effects: Mapping[str, GroupingEffect], view: str, network: str) -> pa.Table:
    """Return one row per layer and measure, `SCHEMA`.

    Args:
        nines: the channels that were measured.
        effects: `measure_grouping`.
        view, network: the first columns.
    """
    rows = []
    for name, effect in effects.items():
        shares = effect.significant_share_L()
        for index, layer in enumerate(effect.layers):
            measured_C = ~np.isnan(effect.value_C[effect.layer_C == layer])
            row: dict[str, object] = {"view": view, "network": network, "layer": nines.layers[layer], "measure": name}
            row |= {"channels": int(measured_C.sum()), "samples": effect.samples}
            columns = {"mean": effect.mean_L, "expected": effect.expected_L, "sd": effect.sd_L}
            columns |= {"delta": effect.delta_L, "p": effect.p_L, "holm": effect.holm_L, "significant_share": shares}
            rows.append(row | {column: float(value_L[index]) for column, value_L in columns.items()})
    return pa.Table.from_pylist(rows, SCHEMA)


def channel_effects(nines: Nines, effects: Mapping[str, GroupingEffect]) -> pa.Table:
    """Return one row per measure and channel, `CHANNEL_SCHEMA`: its value, z, p and q; NaN where not measured."""
    layers = [nines.layers[index] for index in nines.layer_C.tolist()]
    parts = [CHANNEL_SCHEMA.empty_table()]
    for name, effect in effects.items():
        columns = {"layer": layers, "channel": nines.channel_C, "measure": [name] * len(layers)}
        columns |= {"value": effect.value_C, "z": effect.z_C, "p": effect.p_C, "q": effect.q_C}
        parts.append(pa.table(columns, CHANNEL_SCHEMA))
    return pa.concat_tables(parts).combine_chunks()


def independent_concordance(images_L: np.ndarray) -> float:
    """Return what G is for nine images that are independent of everything (null N0); NaN for fewer than nine images.

    Shown beside G, never tested against.
    """
    from lp_core.exemplars import KEEP
    from lp_core.measures.independent_images import independent_nine

    return independent_nine(images_L).concordance if images_L.sum() >= KEEP else math.nan
