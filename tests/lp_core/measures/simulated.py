"""Tables of exemplars with known properties."""

from __future__ import annotations

import numpy as np


def popular_nines(
    channels: int, images: int, rng: np.random.Generator, *, skew: float = 1.5, keep: int = 9
) -> np.ndarray:
    """Nines [C, K] without any grouping in which some images serve many channels: popularity is log-normal."""
    weight = np.exp(skew * rng.normal(size=images))
    # The largest of weight / exponential draws without replacement in proportion to the weight.
    key_CN = weight / rng.exponential(size=(channels, images))
    return np.argpartition(-key_CN, keep, axis=1)[:, :keep]


def plant(image_CK: np.ndarray, label_N: np.ndarray, of_class: int, rng: np.random.Generator) -> np.ndarray:
    """Nines in which `of_class` images of every channel are replaced by images of one class, a class per channel."""
    planted_CK = image_CK.copy()
    for channel, row in enumerate(planted_CK):
        candidates = np.flatnonzero(label_N == label_N[row[0]])
        candidates = candidates[~np.isin(candidates, row[of_class:])]
        planted_CK[channel, :of_class] = rng.choice(candidates, of_class, replace=False)
    return planted_CK
