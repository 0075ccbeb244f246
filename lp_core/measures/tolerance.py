"""How much accuracy networks keep while photographs are turned, scaled, shifted and masked, with paired intervals.

Images are the replicates: intervals speak about these two networks. Both views see the same images, and every resample
draws the same ones for all conditions and views. Shapes: N images, P points of curves, B resamples.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from lp_core.measures.intervals import BOOTSTRAP_SAMPLES, CONFIDENCE
from lp_core.measures.tolerance_conditions import MULTI, RADII, conditions

MEANS = {"crop_NM": "multi_fixation_crop", "gaze_NM": "multi_fixation_gaze"}
"""Curves of averaged fixations, by the array of the answers."""
CROSSINGS = {
    "crossing_px": ("window", "scotoma"),
    "crossing_px.photograph": ("window_photograph", "scotoma_photograph"),
}
"""Names of the crossing of a window and a scotoma, by what they show where they hide: the mean colour, a photograph."""
EVERY_ANGLE = "rotation_every"
"""Images that are named correctly at every angle."""
_CHUNK = 50
"""Resamples that are drawn together: 2 MB of counts for 5,000 images."""


@dataclass(frozen=True)
class Point:
    """A point of a curve or map.

    Args:
        transform: which curve.
        value: degrees, octaves, shift downwards, radius, or number of fixations.
        value_x: shift to the right.
    """

    transform: str
    value: float
    value_x: float = 0.0


@functools.cache
def points() -> tuple[Point, ...]:
    """Return the points of all curves, in the order of the columns of `hits`."""
    made = [Point(condition.transform, condition.value, condition.value_x) for condition in conditions()]
    made += [Point(name, float(number)) for name in MEANS.values() for number in MULTI]
    return (*made, Point(EVERY_ANGLE, 0.0))


def hits(answers: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return bool [N, P], whether each image's class was named, from the answers of `tasks/tolerance.py`."""
    label_N1 = answers["label_N"][:, None]
    hit_NK = answers["predicted_NK"] == label_N1
    every_N1 = hit_NK[:, _places("rotation")].all(1, keepdims=True)
    return np.concatenate([hit_NK, *(answers[name] == label_N1 for name in MEANS), every_N1], 1)


def resampled(hit_NP: np.ndarray, rng: np.random.Generator, samples: int = BOOTSTRAP_SAMPLES) -> np.ndarray:
    """Return the mean of every column in each resample of the images, float64 [B, P].

    Args:
        hit_NP: of all views side by side, so that they share the resamples.
        rng: draws the images.
        samples: B.
    """
    images = len(hit_NP)
    value_NP, mean_BP = hit_NP.astype(np.float32), []  # counts up to 2**24 are exact
    for draws in _chunks(samples):
        row_BN = rng.integers(images, size=(draws, images))
        count_BN = np.stack([np.bincount(row_N, minlength=images) for row_N in row_BN]).astype(np.float32)
        mean_BP.append((count_BN @ value_NP).astype(np.float64) / images)
    return np.concatenate(mean_BP)


def simultaneous_band(
    mean_P: np.ndarray, mean_BP: np.ndarray, confidence: float = CONFIDENCE
) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper edge of a band that holds the whole curve with the given confidence (max-t).

    Every point gets the same number of its standard errors: the quantile of the largest deviation of a resampled curve.
    Points that never vary, such as an accuracy of 0, have a band of no width.

    Args:
        mean_P: the curve.
        mean_BP: of the resamples.
        confidence: of the whole curve.

    Source: Westfall & Young 1993, "Resampling-based multiple testing", single-step max-t.
    """
    error_P = mean_BP.std(0, ddof=1)
    varies_P = error_P > 0
    if not varies_P.any():
        return mean_P.copy(), mean_P.copy()
    largest_B = np.abs((mean_BP - mean_P)[:, varies_P] / error_P[varies_P]).max(1)
    half_P = np.quantile(largest_B, confidence) * error_P
    return np.clip(mean_P - half_P, 0, 1), np.clip(mean_P + half_P, 0, 1)


def summaries(mean_P: np.ndarray, chance: float, half_side: float) -> dict[str, np.ndarray]:
    """Return the numbers of curves by name; NaN where the identity is no better than chance.

    Args:
        mean_P: float64 [..., P], shares of images; estimates, or of resamples.
        chance: share of a guess, 1 / classes.
        half_side: of the network input in px.

    Returns:
        `top1`, `inversion`, `multi_fixation.crop` and `multi_fixation.gaze` in percentage points; `<transform>.area`,
        the mean over a curve less chance, over the same of its identity; `rotation.worst_angle`, its smallest value
        likewise; `rotation.every_angle` (`beyond_independence`); those of `CROSSINGS` (`crossing`).
    """
    rotation, scale = mean_P[..., _places("rotation")], mean_P[..., _places("scale")]
    values = {"top1": 100 * mean_P[..., _places("identity")[0]]}
    middles = {"rotation": 0, "scale": scale.shape[-1] // 2, "fixation_crop": 60, "fixation_gaze": 60}
    for transform, middle in middles.items():
        curve = mean_P[..., _places(transform)]
        values[f"{transform}.area"] = _corrected(curve.mean(-1), curve[..., middle], chance)
    values["rotation.worst_angle"] = _corrected(rotation.min(-1), rotation[..., 0], chance)
    values["rotation.every_angle"] = beyond_independence(mean_P[..., _places(EVERY_ANGLE)[0]], rotation)
    values["inversion"] = 100 * (rotation[..., 0] - rotation[..., rotation.shape[-1] // 2])
    for name, masks in CROSSINGS.items():
        window, scotoma = (mean_P[..., _places(mask)] for mask in masks)
        values[name] = crossing(np.array(RADII), window, scotoma) * half_side
    for name in MEANS.values():
        curve = mean_P[..., _places(name)]
        values[name.replace("fixation_", "fixation.")] = 100 * (curve[..., -1] - curve[..., 0])
    return values


def crossing(radius_R: np.ndarray, window_R: np.ndarray, scotoma_R: np.ndarray) -> np.ndarray:
    """Return the radius from which on a window is worth more than a scotoma.

    Between two radii the difference is interpolated along the logarithm of the radius.

    Args:
        radius_R: ascending.
        window_R: float [..., R], accuracy with only what lies within the radius.
        scotoma_R: accuracy with only what lies beyond it.

    Returns:
        float64 [...]; 0 where the window is worth more at every radius, infinity where at the largest it is not.

    Source: Larson & Loschky 2009 for the point where both are worth the same.
    """
    more_R = np.asarray(window_R, np.float64) - scotoma_R
    last = len(radius_R) - 1
    behind = np.where(more_R < 0, np.arange(len(radius_R)), -1).max(-1)  # the last radius where the scotoma wins
    low = np.clip(behind, 0, last - 1)[..., None]
    before, after = (np.take_along_axis(more_R, low + step, -1)[..., 0] for step in (0, 1))
    share = np.divide(-before, after - before, out=np.zeros_like(before), where=after != before)
    log_R = np.log(radius_R)
    step = low[..., 0]
    between = np.exp(log_R[step] + share * (log_R[step + 1] - log_R[step]))
    return np.where(behind < 0, 0.0, np.where(behind == last, math.inf, between))


def beyond_independence(every: np.ndarray, rotation_A: np.ndarray) -> np.ndarray:
    """Return how far the share of images that are right at every angle lies between two extremes.

    0: as many as if errors at different angles had nothing to do with each other. 1: as many as are right at the worst
    angle. The uncorrected share falls for every network whose answers are unstable, whatever the angle.

    Args:
        every: float [...], share of images that are right at every angle.
        rotation_A: float [..., A], accuracy by angle.
    """
    independent, most = rotation_A.prod(-1), rotation_A.min(-1)
    return _share(every - independent, most - independent)


def percentile_interval(value_B: np.ndarray, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the ends of the percentile interval, values of resamples themselves; NaN if a resample has no value."""
    if np.isnan(value_B).any():
        return math.nan, math.nan
    ends = np.quantile(value_B, [(1 - confidence) / 2, (1 + confidence) / 2], method="inverted_cdf")
    return float(ends[0]), float(ends[1])


def _corrected(mean: np.ndarray, identity: np.ndarray, chance: float) -> np.ndarray:
    return _share(mean - chance, identity - chance)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Part / whole; NaN where the whole is not above 0."""
    return np.divide(part, whole, out=np.full(np.shape(part), math.nan), where=np.asarray(whole) > 0)


@functools.cache
def _places(transform: str) -> list[int]:
    """Columns of a curve."""
    return [index for index, point in enumerate(points()) if point.transform == transform]


def _chunks(samples: int) -> Iterator[int]:
    for start in range(0, samples, _CHUNK):
        yield min(_CHUNK, samples - start)
