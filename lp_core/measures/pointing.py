"""Whether the most likely fixation lies on the object: pointing accuracy inside boxes, against looking at the centre.

Images are the replicates. Shapes: N images, G fixations along either side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lp_core.dataset.boxes import Box
from lp_core.measures.intervals import Interval, bca_interval
from lp_core.measures.likelihood_map import LikelihoodMap
from lp_core.network.accuracy import wilson_interval
from lp_core.network.predictions import mcnemar


@dataclass(frozen=True)
class Pointing:
    """Which fixations of one photograph lie inside a box.

    Args:
        best: the most likely fixation does.
        centre: the middle one does.
        any_fixation: share of the grid that does: the chance of a random fixation.
        other_class: share of the other classes whose most likely fixation does: what points there whatever the class
            asked for; of a network with a single class `any_fixation`.
    """

    best: bool
    centre: bool
    any_fixation: float
    other_class: float


@dataclass(frozen=True)
class PointingAccuracy:
    """Shares of photographs, with 95 % intervals.

    Args:
        best: of those whose most likely fixation lies inside a box (Wilson).
        centre: of those whose middle does: the baseline of an eye that never moves (Wilson).
        any_fixation: mean chance of a random fixation of the grid (bootstrap, BCa).
        other_class: mean chance of the most likely fixation of another class, drawn at random (bootstrap, BCa).
        gain: best less centre, paired by photograph (bootstrap, BCa).
        gain_of_class: best less other_class, likewise: what knowing the class adds.
        p: of a split at least this uneven of the photographs where best and centre disagree; exact, two-sided.
    """

    best: Interval
    centre: Interval
    any_fixation: Interval
    other_class: Interval
    gain: Interval
    gain_of_class: Interval
    p: float


def pointing(map: LikelihoodMap, label: int, boxes: Sequence[Box]) -> Pointing:
    """Return which fixations lie inside at least one box, edges included.

    Args:
        map: likelihood by fixation.
        label: class that was looked for.
        boxes: around its objects, in px of the photograph; at least one.

    Source: Zhang et al. 2018, "Top-down neural attention by excitation backprop", without their margin of 15 px.
    """
    if not boxes:
        raise ValueError("there is no box to point at")
    inside_GG = np.zeros((map.grid, map.grid), bool)
    for fixation in np.ndindex(inside_GG.shape):
        y, x = map.position(fixation)
        inside_GG[fixation] = any(box.contains(y, x) for box in boxes)
    others = [inside_GG[map.best(other)] for other in range(map.probability_GGC.shape[2]) if other != label]
    return Pointing(
        best=bool(inside_GG[map.best(label)]),
        centre=bool(inside_GG[map.centre]),
        any_fixation=float(inside_GG.mean()),
        other_class=float(np.mean(others) if others else inside_GG.mean()),
    )


def pointing_accuracy(pointings: Sequence[Pointing], rng: np.random.Generator) -> PointingAccuracy:
    """Return the accuracy over photographs, and that of the baselines.

    Args:
        pointings: one per photograph; at least one.
        rng: draws the resamples.
    """
    if not pointings:
        raise ValueError("there are no photographs with boxes")
    best_N, centre_N = (np.array([getattr(each, name) for each in pointings]) for name in ("best", "centre"))
    other_N = np.array([each.other_class for each in pointings])
    only_best, only_centre = int((best_N & ~centre_N).sum()), int((centre_N & ~best_N).sum())
    return PointingAccuracy(
        best=_wilson(best_N),
        centre=_wilson(centre_N),
        any_fixation=bca_interval(np.array([each.any_fixation for each in pointings]), rng),
        gain=bca_interval(best_N.astype(np.float64) - centre_N, rng),
        other_class=bca_interval(other_N, rng),
        gain_of_class=bca_interval(best_N - other_N, rng),
        p=mcnemar(only_best, only_centre),
    )


def _wilson(hit_N: np.ndarray) -> Interval:
    low, high = wilson_interval(int(hit_N.sum()), len(hit_N))
    return Interval(float(hit_N.mean()), low, high, len(hit_N), "Wilson")
