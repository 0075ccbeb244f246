"""How alike the nine images of a channel are: by class, by the meaning of their classes, by their embedding.

Shapes: C channels, K places of each (nine), P pairs of places, K (K - 1) / 2 (36), L classes, D embedding dimensions.
"""

from __future__ import annotations

import math

import numpy as np


def distinct_classes(label_CK: np.ndarray) -> np.ndarray:
    """Return int64 [C]: how many classes the images of a channel have, 1 to K.

    Nearly constant for many classes: 8.965 of nine by chance for 1,000 balanced ones. Prefer `concordance`.

    Args:
        label_CK: int, class of each of the K images of C channels.

    Source: a count; by chance `L (1 - (1 - 1 / L)^K)` for L balanced classes.
    """
    return 1 + (np.diff(np.sort(label_CK, axis=1), axis=1) != 0).sum(1)


def purity(label_CK: np.ndarray) -> np.ndarray:
    """Return float64 [C]: share of the most frequent class, 1 / K to 1."""
    same_CKK = label_CK[:, :, None] == label_CK[:, None, :]
    return same_CKK.sum(2).max(1) / label_CK.shape[1]


def class_entropy(label_CK: np.ndarray) -> np.ndarray:
    """Return float64 [C]: entropy of the classes among the images in nats, 0 (one class) to ln K (all differ)."""
    same_CKK = label_CK[:, :, None] == label_CK[:, None, :]
    # Each place contributes -ln(its class's share) / K, which sums to the entropy.
    return np.abs(np.log(same_CKK.sum(2) / label_CK.shape[1]).mean(1))


def concordance(label_CK: np.ndarray, counted_CP: np.ndarray | None = None) -> np.ndarray:
    """Return G: the share of pairs of images that are of one class, float64 [C], 0 to 1. The primary measure.

    `G = (number of pairs of one class) / (K (K - 1) / 2)`. Unbiased for the probability that two images of the channel
    are of one class, whatever K is.

    Args:
        label_CK: int, class of each of the K images of C channels.
        counted_CP: bool; pairs that count (`counted_pairs`). Unless given, all do.

    Returns:
        G; NaN for channels without a counted pair.

    Source: Simpson 1949, "Measurement of diversity", for the unbiased estimate.
    """
    same_CP = np.stack([label_CK[:, i] == label_CK[:, j] for i, j in pairs_of(label_CK.shape[1])], 1)
    return _mean_of_counted(same_CP, counted_CP)


def pair_similarity(item_CK: np.ndarray, similarity: np.ndarray, counted_CP: np.ndarray | None = None) -> np.ndarray:
    """Return the mean similarity over pairs of places, float64 [C].

    With classes as items and `wordnet.lin_similarity` this is W; with places as items and the cosines of their
    embeddings it is E (`clarity`), without computing an embedding again for each null sample.

    Args:
        item_CK: int, index into `similarity` at each place.
        similarity: [items, items], symmetric.
        counted_CP: bool; pairs that count. Unless given, all do.

    Returns:
        NaN for channels without a counted pair.
    """
    similar_CP = np.stack([similarity[item_CK[:, i], item_CK[:, j]] for i, j in pairs_of(item_CK.shape[1])], 1)
    return _mean_of_counted(similar_CP, counted_CP)


def unlike_pairs(label_CK: np.ndarray) -> np.ndarray:
    """Return bool [C, P]: pairs of images of different classes.

    As `counted_CP` of `pair_similarity` they show grouping that classes cannot: bugs, flies and spiders share no class.
    """
    return np.stack([label_CK[:, i] != label_CK[:, j] for i, j in pairs_of(label_CK.shape[1])], 1)


def counted_pairs(kept_CK: np.ndarray) -> np.ndarray:
    """Return bool [C, P]: pairs of which both places are kept."""
    return np.stack([kept_CK[:, i] & kept_CK[:, j] for i, j in pairs_of(kept_CK.shape[1])], 1)


def clarity(embedding_CKD: np.ndarray) -> np.ndarray:
    """Return E: how closely the embeddings of a channel's images point one way, float64 [C], -1 / (K - 1) to 1.

    Args:
        embedding_CKD: centred on the mean of many images of the data set, so that 0 means no more alike than any two.
            Length does not matter. The network under study must not make them: use one of another seed.

    Raises:
        ValueError: an embedding is zero.

    Source: semanticlens (Dreyer et al. 2025): `(K |mean of unit vectors|^2 - 1) / (K - 1)`, which is the mean cosine
    over pairs.
    """
    keep = embedding_CKD.shape[1]
    mean_CD = unit_vectors(embedding_CKD).mean(1)
    return (keep * (mean_CD**2).sum(1) - 1) / (keep - 1)


def unit_vectors(embedding: np.ndarray) -> np.ndarray:
    """Return the embeddings [..., D] at length 1, float64.

    Raises:
        ValueError: an embedding is zero, so it has no direction.
    """
    length = np.linalg.norm(embedding.astype(np.float64), axis=-1, keepdims=True)
    if not (length > 0).all():
        raise ValueError(
            f"{int((~(length > 0)).sum())} embeddings are zero or NaN and have no direction; centre them "
            "on the mean of the data set, and leave blank images out"
        )
    return embedding / length


def pairs_of(keep: int) -> list[tuple[int, int]]:
    """Return the K (K - 1) / 2 pairs of places, in the order of all [C, P] arrays."""
    return [(i, j) for i in range(keep) for j in range(i + 1, keep)]


def _mean_of_counted(value_CP: np.ndarray, counted_CP: np.ndarray | None) -> np.ndarray:
    if counted_CP is None:
        return value_CP.mean(1, dtype=np.float64)
    count_C = counted_CP.sum(1)
    total_C = np.where(counted_CP, value_CP, 0).sum(1, dtype=np.float64)
    return np.divide(total_C, count_C, out=np.full(len(count_C), math.nan), where=count_C > 0)
