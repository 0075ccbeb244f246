"""M, machine interpretability: can one tell from a channel's nine which of two other images excites it?

Shapes: N images, C channels, D embedding dimensions, K places (nine), T tasks, Q quantiles, A arrangements of the
nines: the observed one, and those of a null.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lp_core.measures.grouping import unit_vectors

TASKS = 100
"""Tasks per channel and quantile. Source: Zimmermann et al. 2024 (machine interpretability score), N = 100."""
QUANTILES = {"M": 0.99, "M_90": 0.9, "M_50": 0.5}
"""Of a channel's active images, at which queries are taken, by the name of the measure. Source: the specification."""
NEGATIVE_QUANTILE = 0.25
"""Negatives are drawn from the images up to this quantile of the channel's maxima, ties included: the inactive
images, if they are a quarter. Source: the same."""
FEW_ACTIVE = 0.25
"""Queries of channels that a smaller share of the images activates come from few images. Source: the specification."""
NEGATIVES = 200
"""Most images of a channel that serve as negatives; every task draws ten of them. Source: our choice; a draw from all
of 50,000 takes a hundred times as long."""
WINDOW = 0.005
"""Queries have a rank within this share of the active images around the quantile, and at least `NEAREST` each side."""
NEAREST = 6
"""Source: Borowski et al. 2021 take queries from twelve neighbouring ranks of 50,000."""


@dataclass(frozen=True)
class Interpretability:
    """Accuracy in the two-alternative task.

    Attributes:
        accuracy_QAC: share of tasks solved, ties half; NaN for channels that are not complete. 0.5 where embeddings say
            nothing. Nines of another channel give more, because the inactive images alone tell something (0.71 in a
            simulation) and popular images are alike: compare with a null.
        active_C: share of the images that activate the channel. Above 0.75 some negatives are weakly active, which
            makes the tasks harder; below `FEW_ACTIVE` queries come from few images. Report such channels apart.
    """

    accuracy_QAC: np.ndarray
    active_C: np.ndarray


def machine_interpretability(
    maxima_NC: np.ndarray,
    embedding_ND: np.ndarray,
    image_ACK: np.ndarray,
    quantiles: Sequence[float],
    rng: np.random.Generator,
    *,
    tasks: int = TASKS,
) -> Interpretability:
    """Return how often the nine tell a query that excites the channel from one that does not.

    A task shows nine images and as many inactive ones. A query is more like the nine than like the inactive images to a
    degree, the difference of mean cosines; the task is solved if that degree is larger for the query that excites the
    channel.

    All arrangements meet the same tasks. Queries are not among the channel's nine; where an arrangement of the null
    shows one, the others stand for its nine.

    Args:
        maxima_NC: largest activation of each image and channel, after ReLU; any float. Columns that lie together in
            memory are read faster.
        embedding_ND: of the images, centred on their mean; not by the network under study.
        image_ACK: int, index into the images of each channel's nine; negative where there is none. The first
            arrangement is the observed one, the others those of a null.
        quantiles: of the channel's active images, at which queries are taken: 0.99, 0.9 or 0.5.
        rng: draws queries and negatives.
        tasks: per channel and quantile.

    Raises:
        ValueError: the arrays do not fit, a quantile is not between 0 and 1, or an embedding is zero.

    Source: Zimmermann et al. 2024, "Measuring mechanistic interpretability at scale without humans", by accuracy
        (no slope), with random negatives where the ReLU makes the least active images tie.
    """
    arrangements, channels, keep = image_ACK.shape
    fit = len(maxima_NC) == len(embedding_ND) and maxima_NC.shape[1] == channels
    if not fit or not all(0 < quantile < 1 for quantile in quantiles):
        raise ValueError(
            f"quantiles {list(quantiles)}, maxima {maxima_NC.shape}, embeddings {embedding_ND.shape}, nines "
            f"{image_ACK.shape}: give quantiles between 0 and 1, and arrays of the same images and channels"
        )
    # Single precision: a task is a comparison, and the null is as rounded as the observed value.
    unit_ND = unit_vectors(embedding_ND).astype(np.float32)
    accuracy_QAC = np.full((len(quantiles), arrangements, channels), np.nan)
    active_C = np.zeros(channels)
    for channel in range(channels):
        maxima_N, image_AK = maxima_NC[:, channel].astype(np.float32), image_ACK[:, channel]
        active_C[channel] = (maxima_N > 0).mean()
        active, negative = _pools(maxima_N, image_AK[0])
        if (image_AK < 0).any() or len(negative) <= keep:
            continue
        negative = rng.permutation(negative)[:NEGATIVES]
        for index, quantile in enumerate(quantiles):
            query = _queries(active, negative, quantile)
            if not len(query):
                continue
            query_T = rng.choice(query, tasks)
            # The first is the other query, the rest the nine that do not excite the channel.
            negative_TK = negative[np.argsort(rng.random((tasks, len(negative))), axis=1)[:, : keep + 1]]
            margin_AT = margins(unit_ND, image_AK, query_T, negative_TK[:, 0], negative_TK[:, 1:])
            accuracy_QAC[index, :, channel] = np.where(margin_AT == 0, 0.5, margin_AT > 0).mean(1)
    return Interpretability(accuracy_QAC, active_C)


def margins(
    unit_ND: np.ndarray, image_AK: np.ndarray, query_T: np.ndarray, other_T: np.ndarray, minus_TK: np.ndarray
) -> np.ndarray:
    """Return by how much each query is more like the nine than the other image is, [A, T]; above 0 a task is solved.

    Likeness to a set is the mean cosine. A query is not compared with itself: if it is among the nine, eight are left.

    Args:
        unit_ND: unit vectors of all images.
        image_AK: int, the nine of each arrangement.
        query_T, other_T: int, the image that excites the channel, and the one that does not.
        minus_TK: int, the inactive images shown beside the nine.
    """
    difference_TD = unit_ND[query_T] - unit_ND[other_T]
    sum_AT = unit_ND[image_AK].sum(1) @ difference_TD.T
    count_AT = np.full(sum_AT.shape, image_AK.shape[1])
    for image_T in (query_T, other_T):
        shows_AT = (image_AK[:, :, None] == image_T).any(1)
        sum_AT = sum_AT - shows_AT * (difference_TD * unit_ND[image_T]).sum(1)
        count_AT -= shows_AT
    return sum_AT / count_AT - (difference_TD * unit_ND[minus_TK].mean(1)).sum(1)


def _pools(maxima_N: np.ndarray, image_K: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Active images by ascending activation, and images that negatives are drawn from; the nine are in neither."""
    order = np.argsort(maxima_N, kind="stable")
    order = order[~np.isin(order, image_K)]
    most = np.quantile(maxima_N, NEGATIVE_QUANTILE, method="lower")
    return order[maxima_N[order] > 0], order[maxima_N[order] <= most]


def _queries(active: np.ndarray, negative: np.ndarray, quantile: float) -> np.ndarray:
    """Active images around a quantile that do not serve as negatives."""
    middle, half = quantile * (len(active) - 1), max(NEAREST, WINDOW * len(active))
    query = active[max(0, round(middle - half)) : max(0, round(middle + half))]
    return query[~np.isin(query, negative)]
