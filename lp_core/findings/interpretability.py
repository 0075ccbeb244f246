"""Machine interpretability of one network's channels, against nines that only keep the images' popularity.

Shapes: C channels with nine images, K places (nine), N images, D embedding dimensions, A arrangements, Q quantiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lp_core.findings.nines import Nines, values_of_rows
from lp_core.measures.curveball import curveball
from lp_core.measures.interpretability import QUANTILES, machine_interpretability
from lp_core.measures.popularity import GroupingEffect, effect_against_null

MOST_SAMPLES = 100
"""Most samples of the null. Source: our choice; M is compared with its mean, which 100 samples of all channels know to
a thousandth, and every sample costs as much as the measure itself."""


@dataclass(frozen=True)
class ScannedImages:
    """What a scan kept of all of its images.

    Attributes:
        row_N: int, row numbers, ascending.
        maxima_NC: largest activation of each channel with nine images.
        embeddings: by name; float32 [N, D], centred on the mean of the images, none zero.
    """

    row_N: np.ndarray
    maxima_NC: np.ndarray
    embeddings: Mapping[str, np.ndarray]


def measure_interpretability(
    nines: Nines, images: ScannedImages, samples: int, rng: np.random.Generator
) -> dict[str, GroupingEffect]:
    """Return the effects of `M_<embedding>`, `M_90_<embedding>` and `M_50_<embedding>` against N1, by name.

    Under the null a channel keeps its queries, and is explained by nines that the other channels of its layer could
    have: the part of the accuracy that popular images alone give.

    Args:
        nines: complete channels only.
        images: all that were scanned.
        samples: B of the null, of which `MOST_SAMPLES` are taken at most.
        rng: of the null, and of the tasks.

    Raises:
        ValueError: as `curveball` and `machine_interpretability`; an image of the nines was not scanned.
    """
    if not len(nines.image_CK):
        return {}
    of_null, of_tasks = rng.spawn(2)
    image_CK = values_of_rows(images.row_N, np.arange(len(images.row_N)), nines.image_CK)
    null = [
        image_CK.ravel()[place_CK]
        for place_CK in curveball(image_CK, min(samples, MOST_SAMPLES), of_null, layer_C=nines.layer_C)
    ]
    image_ACK = np.stack([image_CK, *null])
    effects = {}
    for (name, embedding_ND), task_rng in zip(
        images.embeddings.items(), of_tasks.spawn(len(images.embeddings)), strict=True
    ):
        accuracy_QAC = machine_interpretability(
            images.maxima_NC, embedding_ND, image_ACK, list(QUANTILES.values()), task_rng
        ).accuracy_QAC
        for measure, accuracy_AC in zip(QUANTILES, accuracy_QAC, strict=True):
            effects[f"{measure}_{name}"] = effect_against_null(
                accuracy_AC[0], accuracy_AC[1:].astype(np.float32), nines.layer_C, nines.layer_C
            )
    return effects
