"""How much accuracy networks keep while photographs are turned, scaled, shifted and masked, with paired intervals.

Images are the replicates: intervals speak about these two networks. Both views see the same images, and every resample
draws the same ones for all conditions and views. Shapes: N images, P points of curves, B resamples.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist

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
_ROUNDING = 1e-9
"""Shares of images that differ by less are equal but for rounding."""
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


def share_without_looking(label_N: np.ndarray) -> float:
    """Return the share of images that a network names at best which always answers the same: that of the largest class.

    Such a network loses nothing under any transform; what it keeps is no tolerance.
    """
    return int(np.bincount(label_N).max(initial=0)) / max(1, len(label_N))


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
    mean_P: np.ndarray, mean_BP: np.ndarray, images: int, confidence: float = CONFIDENCE
) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper edge of a band that holds the whole curve with the given confidence.

    Every point gets the same number of standard errors: the quantile of the largest deviation of a resampled curve
    (max-t), and at least that of a single point. They span Wilson's interval, because resamples of shares near 0 or 1
    hardly vary.

    Args:
        mean_P: the curve, shares of images.
        mean_BP: of the resamples.
        images: N.
        confidence: of the whole curve.

    Source: Westfall & Young 1993, "Resampling-based multiple testing", single-step max-t; Wilson 1927, JASA 22:209-212.
    """
    error_P = mean_BP.std(0, ddof=1)
    varies_P = error_P > 0
    largest_B = np.abs((mean_BP - mean_P)[:, varies_P] / error_P[varies_P]).max(1, initial=0)
    errors = max(float(np.quantile(largest_B, confidence)), NormalDist().inv_cdf((1 + confidence) / 2))
    spread = errors**2 / images
    middle_P = (mean_P + spread / 2) / (1 + spread)
    half_P = errors / (1 + spread) * np.sqrt(mean_P * (1 - mean_P) / images + spread / (4 * images))
    return np.clip(middle_P - half_P, 0, 1), np.clip(middle_P + half_P, 0, 1)


def summaries(
    mean_P: np.ndarray, chance: float, half_side: float, without_looking: float = 0.0
) -> dict[str, np.ndarray]:
    """Return the numbers of curves by name.

    NaN where the middle of a curve, or for crossings the identity, is no better than chance or `without_looking`.

    Args:
        mean_P: float64 [..., P], shares of images; estimates, or of resamples.
        chance: share of a guess, 1 / classes.
        half_side: of the network input in px.
        without_looking: `share_without_looking`.

    Returns:
        `top1`, `inversion`, `multi_fixation.crop` and `multi_fixation.gaze` in percentage points; `<transform>.area`,
        the mean over a curve less chance, over the same of its identity; `rotation.worst_angle`, its smallest value
        likewise; `rotation.every_angle` (`beyond_independence`); those of `CROSSINGS` (`crossing`).
    """
    least = max(chance, without_looking)
    rotation, scale = mean_P[..., _places("rotation")], mean_P[..., _places("scale")]
    values = {"top1": 100 * mean_P[..., _places("identity")[0]]}
    middles = {"rotation": 0, "scale": scale.shape[-1] // 2, "fixation_crop": 60, "fixation_gaze": 60}
    for transform, middle in middles.items():
        curve = mean_P[..., _places(transform)]
        values[f"{transform}.area"] = _corrected(curve.mean(-1), curve[..., middle], chance, least)
    values["rotation.worst_angle"] = _corrected(rotation.min(-1), rotation[..., 0], chance, least)
    values["rotation.every_angle"] = beyond_independence(mean_P[..., _places(EVERY_ANGLE)[0]], rotation)
    values["inversion"] = 100 * (rotation[..., 0] - rotation[..., rotation.shape[-1] // 2])
    for name, masks in CROSSINGS.items():
        window, scotoma = (mean_P[..., _places(mask)] for mask in masks)
        found = crossing(np.array(RADII), window, scotoma) * half_side
        values[name] = np.where(mean_P[..., _places("identity")[0]] - least > _ROUNDING, found, math.nan)
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
        float64 [...]; 0 where the window is worth more at every radius, infinity where at the largest it is not, NaN
        where both are worth the same at all radii.

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
    share = np.where(behind == last, 0.0, share)  # beyond the largest radius the line may lead anywhere
    between = np.exp(log_R[step] + share * (log_R[step + 1] - log_R[step]))
    found = np.where(behind < 0, 0.0, np.where(behind == last, math.inf, between))
    return np.where((more_R == 0).all(-1), math.nan, found)


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


def _corrected(mean: np.ndarray, identity: np.ndarray, chance: float, least: float) -> np.ndarray:
    return np.where(identity - least > _ROUNDING, _share(mean - chance, identity - chance), math.nan)


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
