"""Where channels fire: by ring and by angle, from sums of activation rather than the place of the maximum alone.

The maximum can avoid a place where the activation is as strong as elsewhere. Uniform cells are no fair null: geometry,
padding and the spectrum of photographs explain most of the difference, so compare with untrained networks and with
phase-scrambled photographs.

Shapes: C channels, B ring bins, S sectors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lp_core.measures.statistics import permutation_p

EQUIVALENT_RESULTANT = 0.05
"""Resultant lengths below this are no preference of angle. Source: the specification; with 50,000 images a Rayleigh
test finds 0.017."""


def shares(sum_CB: np.ndarray) -> np.ndarray:
    """Return float64 [C, B]: each channel's share of activation by bin; NaN for dead channels.

    Args:
        sum_CB: sum over images and the bin's units of the activation after ReLU, or a count; any unit.

    Raises:
        ValueError: a negative sum.
    """
    sum_CB = np.asarray(sum_CB, np.float64)
    if (sum_CB < 0).any():
        raise ValueError(f"a sum of activations after ReLU is negative: {sum_CB.min():g}")
    total_C1 = sum_CB.sum(1, keepdims=True)
    return np.divide(sum_CB, total_C1, out=np.full(sum_CB.shape, math.nan), where=total_C1 > 0)


def mean_share(sum_CB: np.ndarray) -> np.ndarray:
    """Return float64 [B]: the layer's share of activation by bin, in which every live channel counts the same.

    Raises:
        ValueError: all channels are dead, or a sum is negative.
    """
    share_CB = shares(sum_CB)
    live_C = ~np.isnan(share_CB[:, 0])
    if not live_C.any():
        raise ValueError("all channels of the layer are dead, so there is no place where they fire")
    return share_CB[live_C].mean(0)


def enrichment(share_B: np.ndarray, expected_B: np.ndarray) -> np.ndarray:
    """Return log2 of share / expected share by bin: 1 is twice as much as expected, -inf none at all.

    Report it against the share of cells and against the share of the photograph's area, side by side.

    Args:
        share_B: from `mean_share` or `shares`, [..., B].
        expected_B: from `rings.cell_share`, `rings.area_share`, or the same measure of a control; [..., B].

    Returns:
        NaN where nothing is expected.
    """
    share_B, expected_B = np.broadcast_arrays(np.asarray(share_B, float), np.asarray(expected_B, float))
    ratio = np.divide(share_B, expected_B, out=np.full(share_B.shape, math.nan), where=expected_B > 0)
    return np.log2(ratio, out=np.where(ratio == 0, -math.inf, math.nan), where=ratio > 0)


def foveal_index(share_B: np.ndarray, expected_B: np.ndarray, within_B: np.ndarray) -> np.ndarray:
    """Return FI(r0): log2 of the share of activation within a radius, relative to the expected one.

    `FI = log2(sum of share_B * within_B / sum of expected_B * within_B)`: 1 is twice the expected share, -1 half of it.
    Below 0 the fovea responds less than expected. Against untrained networks (S1) it shows what training did, against
    phase-scrambled photographs (S2) what content does, against random fixations (S3) what photographers do.

    Args:
        share_B: share of the activation in each of B bins of the radius, [..., B], 0 to 1.
        expected_B: the same of the null, [..., B].
        within_B: share of each bin that lies within the radius (`rings.share_within`), [B], 0 to 1.

    Returns:
        As many values as there are leading axes; NaN where the null has nothing within the radius.

    Source: our choice; the controls are docs/MEASURES.md's.
    """
    inside, expected = (np.asarray(share) @ np.asarray(within_B) for share in (share_B, expected_B))
    return enrichment(np.asarray(inside)[..., None], np.asarray(expected)[..., None])[..., 0]


def total_variation(p_B: np.ndarray, q_B: np.ndarray) -> np.ndarray:
    """Return half the sum of |p - q| over bins: the share that must move to turn one into the other, 0 to 1."""
    return np.abs(np.asarray(p_B, float) - np.asarray(q_B, float)).sum(-1) / 2


def total_variation_p(
    count_B: np.ndarray,
    scrambled_B: np.ndarray,
    again_B: np.ndarray,
    rng: np.random.Generator,
    samples: int = 999,
) -> float:
    """Return the p-value of the total variation of a channel's places between photographs and scrambled ones.

    Two draws of phases show what chance does: their images are pooled and split at random. Each image counts once (the
    bin of its maximum), so the counts are all that a split needs.

    Args:
        count_B: int, images by bin, on photographs.
        scrambled_B, again_B: the same of two draws of phases.
        rng: of the splits.
        samples: number of splits.

    Raises:
        ValueError: a histogram is empty.
    """
    counts = [np.asarray(count, np.int64) for count in (count_B, scrambled_B, again_B)]
    if min(count.sum() for count in counts) == 0:
        raise ValueError("a histogram of places is empty; leave channels out that no image activates")
    photograph_B, first_B, second_B = counts
    pooled_B = first_B + second_B
    half_nB = rng.multivariate_hypergeometric(pooled_B, first_B.sum(), size=samples, method="marginals")
    null_n = total_variation(half_nB / first_B.sum(), (pooled_B - half_nB) / second_B.sum())
    return permutation_p(float(total_variation(photograph_B / photograph_B.sum(), first_B / first_B.sum())), null_n)


def harmonics(weight_CS: np.ndarray, orders: Sequence[int] = (1, 2, 4)) -> np.ndarray:
    """Return complex128 [C, orders]: how unevenly each channel fires by angle, as harmonics around the circle.

    The absolute value is the resultant length R, 0 (none) to 1 (one sector only). The argument divided by the order is
    the preferred angle, clockwise on the screen from the right. Order 1 is a side, order 2 an axis; order 4 is what a
    square crop and its fill leave.

    Args:
        weight_CS: sums of activation, or counts, by sector; sectors evenly around the circle.
        orders: harmonics wanted.

    Returns:
        NaN for dead channels.

    Source: Mardia & Jupp 2000, "Directional statistics", trigonometric moments.
    """
    share_CS = shares(weight_CS)
    sectors = share_CS.shape[1]
    angle_S = 2 * np.pi * np.arange(sectors) / sectors
    return share_CS @ np.exp(1j * np.outer(angle_S, np.asarray(orders)))
