"""Rank-biased overlap: how alike two rankings are, the first places counting most.

Shapes: C channels, K places (nine).
"""

from __future__ import annotations

import numpy as np

PERSISTENCE = 0.9
"""Probability p of looking one place further. Source: the specification; Webber et al. use 0.9, too."""


def rank_biased_overlap(a_CK: np.ndarray, b_CK: np.ndarray, persistence: float = PERSISTENCE) -> np.ndarray:
    """Return the rank-biased overlap of two rankings of images, extrapolated from their depth, float64 [C].

    0: no image in common; 1: the same images in the same order. Extrapolated means that the agreement at the last
    place (nine) is taken to go on forever. Without this, the places beyond the ninth, which have 0.9^9 = 39 % of the
    weight, would count as disagreement, and no two rankings could exceed 0.61.

    Args:
        a_CK, b_CK: int, row number of the image at each rank; negative where there is none.
        persistence: between 0 and 1.

    Returns:
        NaN for channels with an empty place in either ranking.

    Source: Webber, Moffat & Zobel 2010, "A similarity measure for indefinite rankings", equation 32 for rankings of
    equal length.
    """
    depth = a_CK.shape[1]
    equal_CKK = (a_CK[:, :, None] == b_CK[:, None, :]) & (a_CK >= 0)[:, :, None]
    # Images that the first d places of both rankings share: those whose later rank is below d.
    later_KK = np.maximum.outer(np.arange(depth), np.arange(depth))
    shared_CK = np.stack([equal_CKK[:, later_KK <= rank].sum(1) for rank in range(depth)], 1)
    agreement_CK = shared_CK / np.arange(1, depth + 1)
    weight_K = (1 - persistence) * persistence ** np.arange(depth)
    overlap_C = agreement_CK @ weight_K + agreement_CK[:, -1] * persistence**depth
    is_full_C = (a_CK >= 0).all(1) & (b_CK >= 0).all(1)
    return np.where(is_full_C, overlap_C, np.nan)
