"""Two views compared: over seeds, against what two seeds of one view differ by, and at equal accuracy.

Seeds are the replicates: channels of two networks are not paired, and channels of one are not independent.
Shapes: S seeds, C channels, T checkpoints.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lp_core.measures.intervals import Interval, t_interval
from lp_core.measures.statistics import sign_flip_p


@dataclass(frozen=True)
class PairedDifference:
    """What one view has more than the other, over seeds.

    Attributes:
        difference_S: one difference per seed.
        interval: mean over seeds and Student's interval.
        p: exact two-sided sign-flip p-value; None for one seed, a case report.
        smallest_p: the smallest p that so few seeds can reach, 2^(1 - S).
    """

    difference_S: np.ndarray
    interval: Interval
    p: float | None
    smallest_p: float


def paired_difference(a_S: Sequence[float], b_S: Sequence[float]) -> PairedDifference:
    """Return a - b, paired by seed: equal seeds share the order of images, the crops and the batches.

    Args:
        a_S: one value per seed, in the unit of the measure.
        b_S: the values of the same seeds in the other condition.

    Returns:
        The differences, their mean with Student's interval (`t_interval`), and the exact two-sided sign-flip p-value:
        the share of the 2^S choices of signs for which |mean| is at least as large.

    Raises:
        ValueError: different numbers of seeds, none, or a value is NaN.

    Source: Fisher 1935, "The Design of Experiments", for the test by flipping signs.
    """
    a, b = np.asarray(a_S, np.float64), np.asarray(b_S, np.float64)
    if a.shape != b.shape:
        raise ValueError(f"{len(a)} and {len(b)} seeds cannot be paired; give the same seeds of both views")
    difference_S = a - b
    interval = t_interval(difference_S)
    seeds = len(difference_S)
    return PairedDifference(
        difference_S, interval, sign_flip_p(difference_S) if seeds > 1 else None, 2.0 ** (1 - seeds)
    )


@dataclass(frozen=True)
class Yardstick:
    """The difference between views, measured by the difference between seeds of one view.

    Attributes:
        between_views_S: size of the effect between the views, one per seed.
        between_seeds: size of the effect between every two seeds of the ordinary view.
        ratio: median of the first over median of the second; infinite if seeds do not differ.
        exceeds: every view effect is larger than every seed effect.
    """

    between_views_S: np.ndarray
    between_seeds: np.ndarray
    ratio: float
    exceeds: bool


def yardstick(
    ordinary: Sequence[np.ndarray], other: Sequence[np.ndarray], effect: Callable[[np.ndarray, np.ndarray], float]
) -> Yardstick:
    """Return the size of an effect between views beside that between two ordinary networks that differ by seed alone.

    Args:
        ordinary: per seed, one value per channel of the ordinary view.
        other: the same of the other view, in the order of the same seeds.
        effect: of two arrays of channels, for example `cliffs_delta` or a difference of means.

    Raises:
        ValueError: fewer than two seeds, or different numbers of them.
    """
    if len(ordinary) < 2 or len(ordinary) != len(other):
        raise ValueError(
            f"{len(ordinary)} and {len(other)} seeds; the yardstick needs at least two, the same for both views"
        )
    between_views_S = np.array([abs(effect(a, b)) for a, b in zip(other, ordinary, strict=True)])
    between_seeds = np.array([abs(effect(a, b)) for a, b in itertools.combinations(ordinary, 2)])
    typical = float(np.median(between_seeds))
    ratio = float(np.median(between_views_S)) / typical if typical > 0 else float("inf")
    return Yardstick(between_views_S, between_seeds, ratio, bool(between_views_S.min() > between_seeds.max()))


@dataclass(frozen=True)
class MatchedCheckpoints:
    """Checkpoints of two trainings at which they are equally accurate.

    Attributes:
        a, b: index of the checkpoint in each history.
        difference: accuracy of a less that of b, in the unit given.
    """

    a: int
    b: int
    difference: float


def accuracy_matched(a_T: Sequence[float], b_T: Sequence[float], tolerance: float) -> MatchedCheckpoints | None:
    """Return the most accurate two checkpoints whose accuracies differ by at most a tolerance; None if there are none.

    Interpretability falls as accuracy rises (Zimmermann et al. 2024), so an effect of the view must also hold here. Of
    equally accurate choices the smaller difference counts, then the earlier checkpoints.

    Args:
        a_T, b_T: validation accuracy of each checkpoint kept, for example top-1 in percent.
        tolerance: largest difference, in the same unit.

    Raises:
        ValueError: an accuracy is NaN, a history is empty, or the tolerance is negative.
    """
    a, b = np.asarray(a_T, np.float64), np.asarray(b_T, np.float64)
    if not len(a) or not len(b) or np.isnan(a).any() or np.isnan(b).any() or not tolerance >= 0:
        raise ValueError(f"accuracies {a} and {b}, tolerance {tolerance}: give numbers, and a tolerance of 0 or more")
    difference = a[:, None] - b
    reached = np.where(np.abs(difference) <= tolerance, np.minimum(a[:, None], b), -np.inf)
    if np.isneginf(reached).all():
        return None
    index_a, index_b = np.indices(difference.shape)
    order = np.lexsort((index_b.ravel(), index_a.ravel(), np.abs(difference).ravel(), -reached.ravel()))
    best_a, best_b = np.unravel_index(order[0], difference.shape)
    return MatchedCheckpoints(int(best_a), int(best_b), float(difference[best_a, best_b]))
