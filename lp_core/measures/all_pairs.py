"""Any pairs of several conditions compared: intervals that hold together, whichever pairs are looked at.

Shapes: V conditions, S seeds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.stats import studentized_range

from lp_core.measures.intervals import CONFIDENCE, Interval
from lp_core.measures.seed_blocks import seed_blocks


def differences_of_pairs(
    value_VS: Sequence[Sequence[float]] | np.ndarray, pairs: Sequence[tuple[int, int]], confidence: float = CONFIDENCE
) -> list[Interval]:
    """Return what the first condition of each pair has more than the second, with intervals that hold together.

    Seeds are blocks (`seed_blocks`). In 95 % of experiments the intervals of all V (V - 1) / 2 pairs cover their true
    differences, so pairs may be chosen after the values were seen.

    Args:
        value_VS: one value per condition and seed; equal seeds in one column.
        pairs: places of two conditions each.
        confidence: coverage of all intervals together, above 0 and below 1.

    Returns:
        An interval for each pair: the difference of means -+ `tukey_critical` times its standard error. The ends are
        NaN for one seed.

    Raises:
        ValueError: fewer than two conditions, no seed, unequal numbers of seeds, or a value is NaN.

    Source: Tukey 1953, "The problem of multiple comparisons".
    """
    blocks = seed_blocks(value_VS)
    half = math.nan
    if blocks.freedom:
        half = tukey_critical(len(blocks.mean_V), blocks.freedom, confidence) * blocks.error
    differences = [float(blocks.mean_V[one] - blocks.mean_V[other]) for one, other in pairs]
    return [Interval(each, each - half, each + half, blocks.seeds, "Tukey") for each in differences]


@cache
def tukey_critical(conditions: int, freedom: int, confidence: float = CONFIDENCE) -> float:
    """Return what |t| of every pair of conditions stays below with a given probability.

    Args:
        conditions: two or more, equally many values in each.
        freedom: degrees of freedom of the variance, 1 or more.
        confidence: the probability, above 0 and below 1.

    Source: Tukey 1953; the quantile of the studentized range over the root of 2.
    """
    return float(studentized_range.ppf(confidence, conditions, freedom)) / math.sqrt(2)
