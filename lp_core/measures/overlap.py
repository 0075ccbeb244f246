"""How many of a channel's nine images two networks, or two scans, have in common; what chance and noise would give.

Shapes: C channels of one layer, K places (nine).
"""

from __future__ import annotations

import numpy as np

from lp_core.measures.evolution import shared


def mean_overlap(a_CK: np.ndarray, b_CK: np.ndarray) -> float:
    """Return the images that the nines of one channel share, averaged over channels; 0 to 9, NaN without channels.

    Args:
        a_CK, b_CK: int, row number of the image at each place; negative where there is none.
    """
    return float(shared(a_CK, b_CK).mean()) if len(a_CK) else np.nan


def chance_overlap(a_CK: np.ndarray, b_CK: np.ndarray) -> float:
    """Return the images that the nines of different channels share, averaged over all ordered pairs of channels.

    This is the level of overlap@9 of a network whose channels have no identity. Popular images raise it far above the
    81/N of nines drawn from N images evenly.

    Args:
        a_CK, b_CK: int, row number of the image at each place; negative where there is none; no image twice in a nine.

    Returns:
        0 to 9; NaN for fewer than two channels.
    """
    channels = len(a_CK)
    if channels < 2:
        return np.nan
    image, index = np.unique(np.concatenate([a_CK.ravel(), b_CK.ravel()]), return_inverse=True)
    nines_2N = [np.bincount(part, minlength=len(image)) for part in np.split(index.ravel(), [a_CK.size])]
    pairs = (nines_2N[0] * nines_2N[1])[image >= 0].sum()
    return float((pairs - shared(a_CK, b_CK).sum()) / (channels * (channels - 1)))


def normalised_overlap(overlap: float, chance: float, ceiling: float) -> float:
    """Return (overlap - chance) / (ceiling - chance): 0 at chance, 1 where nothing but noise is left.

    NaN where the ceiling does not exceed chance: such nines have no identity that could be found again.
    """
    return (overlap - chance) / (ceiling - chance) if ceiling > chance else np.nan
