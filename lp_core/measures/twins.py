"""Channels of two networks that do the same: their maxima over the same images correlate.

Shapes: N images, A channels of one network, B of the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEVEL = 0.05
"""Share of channels that would find a twin among shuffled images. Source: convention."""
SHUFFLES = 5
"""Source: our choice; with 512 channels the threshold rests on the upper 128 of 2,560 correlations."""


@dataclass(frozen=True)
class Twins:
    """Mutual nearest neighbours that correlate more than chance.

    Attributes:
        twin_A: int64, the twin in the other network; -1 for channels without.
        correlation_A: correlation with the nearest channel of the other network, twin or not; NaN for channels that
            are constant over images.
        threshold: what a nearest neighbour reaches among shuffled images in a share `LEVEL` of channels.
    """

    twin_A: np.ndarray
    correlation_A: np.ndarray
    threshold: float

    @property
    def share(self) -> float:
        """Share of the channels with a twin. Compare views with seeds: only what goes beyond is due to the view."""
        return float((self.twin_A >= 0).mean())


def correlation(a_NA: np.ndarray, b_NB: np.ndarray) -> np.ndarray:
    """Return Pearson's correlation of every two channels over images, float32 [A, B]; NaN for constant channels.

    Args:
        a_NA, b_NB: maxima of the same images in the same order; dtype float16 as stored, or another.

    Raises:
        ValueError: different numbers of images, or fewer than three.
    """
    if len(a_NA) != len(b_NB) or len(a_NA) < 3:
        raise ValueError(f"maxima of {len(a_NA)} and {len(b_NB)} images; give the same images, at least 3")
    return _standardised(a_NA).T @ _standardised(b_NB) / len(a_NA)


def twin_channels(
    a_NA: np.ndarray,
    b_NB: np.ndarray,
    rng: np.random.Generator,
    *,
    shuffles: int = SHUFFLES,
    level: float = LEVEL,
) -> Twins:
    """Return each channel's twin in another network: mutual nearest, and nearer than among shuffled images.

    Args:
        a_NA: maxima of the first network's A channels in N images.
        b_NB: maxima of the second network's B channels in the same images, in the same order.
        rng: shuffles the images of the second network.
        shuffles: number of shuffles; all channels of all of them are pooled.
        level: share of channels above the threshold under the null.

    Raises:
        ValueError: as `correlation`, or all channels of a network are constant.

    Source: Li et al. 2016, "Convergent learning", for matching by correlation over the same images.
    """
    found_AB = np.nan_to_num(correlation(a_NA, b_NB), nan=-np.inf)
    if np.isneginf(found_AB).all():
        raise ValueError("all channels of a network are constant over the images, so none has a twin")
    a, b = _standardised(a_NA), _standardised(b_NB)
    live_a, live_b = a[:, ~np.isnan(a[0])], b[:, ~np.isnan(b[0])]
    null = [(live_a.T @ live_b[rng.permutation(len(b))] / len(a)).max(1) for _ in range(shuffles)]
    threshold = float(np.quantile(np.concatenate(null), 1 - level))
    nearest_A, nearest_B = found_AB.argmax(1), found_AB.argmax(0)
    best_A = found_AB.max(1)
    mutual_A = (nearest_B[nearest_A] == np.arange(len(nearest_A))) & (best_A > threshold)
    return Twins(np.where(mutual_A, nearest_A, -1), np.where(np.isneginf(best_A), np.nan, best_A), threshold)


def _standardised(maxima_NC: np.ndarray) -> np.ndarray:
    """Mean 0 and variance 1 over images, float32; NaN for constant channels."""
    centred = maxima_NC.astype(np.float32)
    centred -= centred.mean(0, dtype=np.float64).astype(np.float32)
    sd_C = centred.std(0, dtype=np.float64).astype(np.float32)
    # Means of equal numbers round: a constant channel's deviation is not exactly 0.
    varies_C = np.ptp(maxima_NC, axis=0) > 0
    return np.divide(centred, sd_C, out=np.full(centred.shape, np.nan, np.float32), where=varies_C & (sd_C > 0))
