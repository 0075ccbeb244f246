"""Null N0: what nine images drawn independently of everything would show. Reported, never tested against.

A few images excite many channels, even in an untrained network, so real nines beat this null without any grouping:
test against the curveball of `lp_core.measures.curveball`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lp_core.exemplars import KEEP


@dataclass(frozen=True)
class IndependentNine:
    """Distributions for images drawn without replacement from all that were scanned; exact.

    Attributes:
        distinct_P: probability of 0, 1, ... distinct classes.
        pairs_P: probability of 0, 1, ... concordant pairs.
        modal_P: probability that the most frequent class has 0, 1, ... of the images.
        concordance: expected share of concordant pairs.
    """

    distinct_P: np.ndarray
    pairs_P: np.ndarray
    modal_P: np.ndarray
    concordance: float

    @property
    def mean_distinct(self) -> float:
        """Expected number of distinct classes."""
        return float(self.distinct_P @ np.arange(len(self.distinct_P)))


def independent_nine(images_L: np.ndarray, keep: int = KEEP) -> IndependentNine:
    """Return the exact distributions of distinct classes, concordant pairs and the modal count.

    The number of ways to draw is a product over classes of polynomials in the number of images drawn; its coefficients
    are all positive, so float64 loses nothing.

    Args:
        images_L: int, images of each class among those scanned.
        keep: images drawn.

    Raises:
        ValueError: fewer images than are drawn, or a negative count.

    Source: the multivariate hypergeometric distribution. For 50,000 images of 1,000 classes: 8.965 distinct
        classes of nine, all nine distinct with probability 0.965.
    """
    images_L = np.asarray(images_L, np.int64)
    if (images_L < 0).any() or images_L.sum() < keep:
        raise ValueError(f"{keep} images cannot be drawn from {images_L.sum()} in {len(images_L)} classes")
    pairs = math.comb(keep, 2)
    distinct, concordant = np.zeros((keep + 1, keep + 1)), np.zeros((keep + 1, pairs + 1))
    upto = np.zeros((keep + 1, keep + 1))  # [most images of one class, images drawn]
    distinct[0, 0] = concordant[0, 0] = upto[:, 0] = 1.0
    for images in images_L[images_L > 0].tolist():
        before_distinct, before_concordant, before_upto = distinct, concordant, upto
        distinct, concordant, upto = distinct.copy(), concordant.copy(), upto.copy()
        for drawn in range(1, min(images, keep) + 1):
            ways, added = math.comb(images, drawn), math.comb(drawn, 2)
            rest = keep + 1 - drawn
            distinct[drawn:, 1:] += ways * before_distinct[:rest, :-1]
            concordant[drawn:, added:] += ways * before_concordant[:rest, : pairs + 1 - added]
            upto[drawn:, drawn:] += ways * before_upto[drawn:, :rest]
    total = math.comb(int(images_L.sum()), keep)
    modal_P = np.diff(upto[:, keep] / total, prepend=0.0)
    pairs_P = concordant[keep] / total
    return IndependentNine(distinct[keep] / total, pairs_P, modal_P, float(pairs_P @ np.arange(pairs + 1)) / pairs)
