"""M, machine interpretability: can one tell from a channel's nine which of two other images excites it?

Shapes: N images, C channels, D embedding dimensions, K places (nine), T tasks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lp_core.measures.grouping import unit_vectors

TASKS = 100
"""Tasks per channel and quantile. Source: Zimmermann et al. 2024 (machine interpretability score), N = 100."""
NEGATIVE_QUANTILE = 0.25
"""Negatives are drawn from the images up to this quantile of the channel's maxima, ties included: the inactive
images, if they are a quarter. Source: the same."""
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
        accuracy_C: share of tasks solved, ties half; 0.5 is chance, NaN for channels that are not complete.
        active_C: share of the images that activate the channel. Above 0.75 some negatives are weakly active, which
            makes the tasks harder; below 0.25 queries come from few images. Report such channels apart.
    """

    accuracy_C: np.ndarray
    active_C: np.ndarray


def machine_interpretability(
    maxima_NC: np.ndarray,
    embedding_ND: np.ndarray,
    image_CK: np.ndarray,
    quantile: float,
    rng: np.random.Generator,
    *,
    tasks: int = TASKS,
) -> Interpretability:
    """Return how often the nine tell a query that excites the channel from one that does not.

    A task shows the channel's nine and as many inactive images. A query is more like the nine than like the inactive
    images to a degree, the difference of mean cosines; the task is solved if that degree is larger for the query that
    excites the channel.

    Args:
        maxima_NC: largest activation of each image and channel, after ReLU.
        embedding_ND: of the images, centred on their mean; not by the network under study.
        image_CK: int, index into the images of each channel's nine; negative where there is none.
        quantile: of the channel's active images, at which queries are taken: 0.99, 0.9 or 0.5.
        rng: draws queries and negatives.
        tasks: per channel.

    Raises:
        ValueError: the arrays do not fit, or the quantile is not between 0 and 1.

    Source: Zimmermann et al. 2024, "Measuring mechanistic interpretability at scale without humans", by accuracy
        (no slope), with random negatives where the ReLU makes the least active images tie.
    """
    if not 0 < quantile < 1 or len(maxima_NC) != len(embedding_ND) or maxima_NC.shape[1] != len(image_CK):
        raise ValueError(
            f"quantile {quantile}, maxima {maxima_NC.shape}, embeddings {embedding_ND.shape}, nines {image_CK.shape}: "
            "give a quantile between 0 and 1, and arrays of the same images and channels"
        )
    unit_ND = unit_vectors(embedding_ND)
    accuracy_C = np.full(len(image_CK), np.nan)
    active_C = (maxima_NC > 0).mean(0)
    for channel, image_K in enumerate(image_CK):
        maxima_N = maxima_NC[:, channel].astype(np.float64)
        query_Q, negative_Q = _pools(maxima_N, image_K, quantile)
        if (image_K < 0).any() or not len(query_Q) or len(negative_Q) <= len(image_K):
            continue
        query_T = rng.choice(query_Q, tasks)
        # The first is the other query, the rest the nine that do not excite the channel.
        negative_Q = rng.permutation(negative_Q)[:NEGATIVES]
        drawn_TQ = np.argsort(rng.random((tasks, len(negative_Q))), axis=1)[:, : len(image_K) + 1]
        negative_TK = negative_Q[drawn_TQ]
        margin_T = margins(unit_ND[query_T], unit_ND[negative_TK[:, 0]], unit_ND[image_K], unit_ND[negative_TK[:, 1:]])
        accuracy_C[channel] = ((margin_T > 0) + (margin_T == 0) / 2).mean()
    return Interpretability(accuracy_C, active_C)


def margins(query_TD: np.ndarray, other_TD: np.ndarray, plus_KD: np.ndarray, minus_TKD: np.ndarray) -> np.ndarray:
    """Return by how much each query is more like the nine than the other image is; above 0 the task is solved.

    Likeness to a set is the mean cosine, so four means become one product.

    Args:
        query_TD, other_TD: unit vectors of the image that excites the channel, and of the one that does not.
        plus_KD: of the channel's nine.
        minus_TKD: of the inactive images shown beside them.
    """
    return ((query_TD - other_TD) * (plus_KD.mean(0) - minus_TKD.mean(1))).sum(1)


def _pools(maxima_N: np.ndarray, image_K: np.ndarray, quantile: float) -> tuple[np.ndarray, np.ndarray]:
    """Images that positive queries, and negatives, are drawn from; the nine are in neither."""
    order = np.argsort(maxima_N, kind="stable")
    order = order[~np.isin(order, image_K)]
    active = order[maxima_N[order] > 0]
    middle, half = quantile * (len(active) - 1), max(NEAREST, WINDOW * len(active))
    lowest, highest = max(0, round(middle - half)), round(middle + half)
    negative = order[maxima_N[order] <= np.quantile(maxima_N, NEGATIVE_QUANTILE, method="lower")]
    query = active[lowest:highest]
    return query[~np.isin(query, negative)], negative
