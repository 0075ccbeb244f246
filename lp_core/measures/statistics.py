"""P-values, corrections for many tests, and effect sizes.

Shapes: n differences, B samples of a null distribution, C tests (channels or layers).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import stats

Side = Literal["greater", "less", "two-sided"]

EXACT_FLIPS = 20
"""Most differences whose 2^n sign patterns are enumerated. Source: our choice; 2^20 sums take a tenth of a second."""
_ROUNDING = 1e-12
"""Relative: sums that differ by rounding alone count as equal, so that no pattern loses a tie with itself."""


def permutation_p(observed: float, null_B: np.ndarray, side: Side = "greater") -> float:
    """Return the permutation p-value (b + 1) / (B + 1), where b null values are at least as extreme.

    Args:
        observed: statistic of the data.
        null_B: statistic of B samples under the null hypothesis.
        side: which values are extreme; two-sided doubles the smaller of both p-values.

    Returns:
        p in [1 / (B + 1), 1].

    Raises:
        ValueError: no null samples, or a value is NaN.

    Source: Phipson & Smyth 2010, "Permutation p-values should never be zero".
    """
    return float(pooled_p(np.array([observed]), null_B, side)[0])


def pooled_p(observed_C: np.ndarray, null: np.ndarray, side: Side = "greater") -> np.ndarray:
    """Return the permutation p-value of each of C observations that share one null distribution.

    Args:
        observed_C: statistics of the data.
        null: null values of any shape, pooled over channels and samples.
        side: as in `permutation_p`.

    Returns:
        float64 [C], each in [1 / (number of null values + 1), 1].

    Raises:
        ValueError: no null values, or a value is NaN.
    """
    null = np.sort(np.asarray(null, np.float64), axis=None)
    observed_C = np.asarray(observed_C, np.float64)
    if not len(null):
        raise ValueError("the null distribution has no samples; give at least 1")
    if np.isnan(observed_C).any() or np.isnan(null[-1]):  # NaN sorts last
        raise ValueError("a statistic is NaN; leave such channels out before testing")
    slack = _ROUNDING * np.abs(observed_C)
    at_least = len(null) - np.searchsorted(null, observed_C - slack, "left")
    at_most = np.searchsorted(null, observed_C + slack, "right")
    tail = {"greater": at_least, "less": at_most, "two-sided": np.minimum(at_least, at_most)}[side]
    return np.minimum((2 if side == "two-sided" else 1) * (tail + 1) / (len(null) + 1), 1.0)


def benjamini_hochberg(p_C: np.ndarray) -> np.ndarray:
    """Return q-values: the smallest false discovery rate at which each test would be called.

    Args:
        p_C: p-values; NaN marks a test that was not made, and does not count.

    Returns:
        float64 [C], NaN where p is.

    Source: Benjamini & Hochberg 1995, as `scipy.stats.false_discovery_control`.
    """
    p_C = np.asarray(p_C, np.float64)
    q_C = np.full(p_C.shape, np.nan)
    tested_C = ~np.isnan(p_C)
    if tested_C.any():
        q_C[tested_C] = stats.false_discovery_control(p_C[tested_C])
    return q_C


def holm(p_C: np.ndarray) -> np.ndarray:
    """Return p-values adjusted so that the chance of any false call is the level at which they are read.

    Args:
        p_C: p-values; NaN marks a test that was not made, and does not count.

    Returns:
        float64 [C], NaN where p is.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    p_C = np.asarray(p_C, np.float64)
    adjusted_C = np.full(p_C.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p_C))
    order = tested[np.argsort(p_C[tested], kind="stable")]
    factor = len(order) - np.arange(len(order))
    adjusted_C[order] = np.minimum(np.maximum.accumulate(p_C[order] * factor), 1.0)
    return adjusted_C


def sign_flip_p(
    difference_n: np.ndarray, side: Side = "two-sided", *, rng: np.random.Generator | None = None, samples: int = 9_999
) -> float:
    """Return the p-value of paired differences whose signs were arbitrary if nothing distinguished the pair.

    All 2^n sign patterns are enumerated up to `EXACT_FLIPS` differences, so the smallest two-sided p is 2^(1-n):
    0.25 for three seeds, 0.06 for five, 0.008 for eight. Beyond that, patterns are drawn.

    Args:
        difference_n: one difference per pair, for example per seed.
        side: "greater" asks whether the mean difference is above 0.
        rng: required for more than `EXACT_FLIPS` differences.
        samples: patterns drawn then.

    Raises:
        ValueError: no differences, or too many for enumeration and no `rng`.

    Source: Fisher 1935, "The design of experiments", section 21.
    """
    difference_n = np.asarray(difference_n, np.float64)
    n = len(difference_n)
    if n == 0:
        raise ValueError("there are no differences; give one per seed")
    if n <= EXACT_FLIPS:
        sums = np.zeros(1)
        for difference in difference_n:
            sums = np.concatenate([sums + difference, sums - difference])
    elif rng is None:
        raise ValueError(f"{n} differences have more than 2^{EXACT_FLIPS} sign patterns; give an rng to draw some")
    else:
        sums = rng.choice([-1.0, 1.0], (samples, n)) @ difference_n
    observed = difference_n.sum()
    if side == "two-sided":
        sums, observed = np.abs(sums), abs(observed)
    elif side == "less":
        sums, observed = -sums, -observed
    extreme = int((sums >= observed - _ROUNDING * np.abs(difference_n).sum()).sum())
    return extreme / len(sums) if n <= EXACT_FLIPS else (extreme + 1) / (len(sums) + 1)


def cliffs_delta(a_n: np.ndarray, b_m: np.ndarray) -> float:
    """Return P(a > b) - P(a < b) for a random value of each: 1 if every a exceeds every b, 0 if neither tends to.

    Raises:
        ValueError: one of them is empty.

    Source: Cliff 1993, "Dominance statistics: ordinal analyses to answer ordinal questions".
    """
    a_n, b_m = np.asarray(a_n, np.float64), np.sort(np.asarray(b_m, np.float64))
    if not len(a_n) or not len(b_m):
        raise ValueError(f"Cliff's delta compares two groups; they have {len(a_n)} and {len(b_m)} values")
    below, upto = np.searchsorted(b_m, a_n, "left"), np.searchsorted(b_m, a_n, "right")
    return float((below.sum() + upto.sum()) / (len(a_n) * len(b_m)) - 1)
