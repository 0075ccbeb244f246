"""Kaplan-Meier curves and medians of times that may be censored at the right, with intervals over clusters.

Shapes: C channels, T distinct times, G clusters, B resamples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lp_core.measures.intervals import BOOTSTRAP_SAMPLES, CONFIDENCE, Interval


@dataclass(frozen=True, eq=False)
class Survival:
    """The share of channels whose event is still to come.

    Attributes:
        time_T: distinct times, ascending, censored ones included.
        share_T: float64, share just after each time; 1 before the first.
    """

    time_T: np.ndarray
    share_T: np.ndarray

    def share_after(self, time: float) -> float:
        """Share whose event is still to come after a time."""
        index = int(np.searchsorted(self.time_T, time, side="right"))
        return float(self.share_T[index - 1]) if index else 1.0

    @property
    def median(self) -> float:
        """First time after which at most half are left; the last time where more than half are left at the end.

        A median at the last time is thus a lower bound.
        """
        is_below_T = self.share_T <= 0.5
        return float(self.time_T[is_below_T.argmax() if is_below_T.any() else -1])

    @property
    def mean(self) -> float:
        """Mean time until the event, times after the last one counted as the last: the area under the curve from 0."""
        share_T = np.concatenate([[1.0], self.share_T[:-1]])
        return float((share_T * np.diff(self.time_T, prepend=0)).sum())


def kaplan_meier(time_C: np.ndarray, is_seen_C: np.ndarray) -> Survival:
    """Return the Kaplan-Meier estimate of the share of channels whose event is still to come.

    Args:
        time_C: when the event was seen, or until when it was not; from 0.
        is_seen_C: bool, False where the time is right-censored; at equal times events come before censorings.

    Raises:
        ValueError: no channel.

    Source: Kaplan & Meier 1958.
    """
    if not len(time_C):
        raise ValueError("a survival curve needs at least one channel")
    time_T, index_C = np.unique(time_C, return_inverse=True)
    leaving_T = np.bincount(index_C, minlength=len(time_T))
    events_T = np.bincount(index_C, np.asarray(is_seen_C, float), minlength=len(time_T))
    at_risk_T = leaving_T[::-1].cumsum()[::-1]
    return Survival(time_T, np.cumprod(1 - events_T / at_risk_T))


def median_interval(
    time_C: np.ndarray,
    is_seen_C: np.ndarray,
    cluster_C: np.ndarray,
    rng: np.random.Generator,
    *,
    confidence: float = CONFIDENCE,
    samples: int = BOOTSTRAP_SAMPLES,
) -> Interval:
    """Return the median time and its interval when whole clusters of channels are resampled.

    Describes one network: channels that share images are no replicates, and views are compared over seeds.

    Args:
        time_C, is_seen_C: as `kaplan_meier`.
        cluster_C: int, the cluster of each channel (`channel_clusters`).
        rng: draws the resamples.
        confidence: coverage of the percentile interval.
        samples: number of resamples.

    Returns:
        The interval; `n` is the number of clusters, and NaN are the ends if there is one.
    """
    estimate = kaplan_meier(time_C, is_seen_C).median
    _, index_C = np.unique(cluster_C, return_inverse=True)
    members = [np.flatnonzero(index_C == cluster) for cluster in range(index_C.max() + 1)]
    if len(members) == 1:
        return Interval(estimate, np.nan, np.nan, 1, "cluster bootstrap")
    median_B = np.empty(samples)
    for sample in range(samples):
        drawn = np.concatenate([members[cluster] for cluster in rng.integers(len(members), size=len(members))])
        median_B[sample] = kaplan_meier(time_C[drawn], is_seen_C[drawn]).median
    low, high = np.quantile(median_B, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(estimate, float(low), float(high), len(members), "cluster bootstrap")
