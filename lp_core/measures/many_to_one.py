"""Several conditions compared with one: intervals that hold together.

Shapes: V conditions, S seeds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import chi2

from lp_core.measures.intervals import CONFIDENCE, Interval
from lp_core.measures.seed_blocks import seed_blocks

NODES = 200, 80
"""Points of the two integrals, over the SD and over the mean of the first condition: the critical value is then known
to 1e-3. Source: measured against scipy's Student and Dunnett."""
WIDEST = 1e4
"""Upper end of the search for the critical value."""


def differences_from_first(value_VS: Sequence[Sequence[float]], confidence: float = CONFIDENCE) -> list[Interval]:
    """Return what every condition but the first has more than the first, with intervals that hold together.

    Seeds are blocks (`seed_blocks`). With two conditions this is the paired `t_interval`. With more, the variance comes
    from all of them, and in 95 % of experiments all V - 1 intervals cover their true difference.

    Args:
        value_VS: one value per condition and seed; equal seeds in one column.
        confidence: coverage of all intervals together, above 0 and below 1.

    Returns:
        V - 1 intervals: the difference of means -+ `dunnett_critical` times its standard error. The ends are NaN for
        one seed.

    Raises:
        ValueError: fewer than two conditions, no seed, unequal numbers of seeds, or a value is NaN.

    Source: Dunnett 1955, "A multiple comparison procedure for comparing several treatments with a control".
    """
    blocks = seed_blocks(value_VS)
    half = math.nan
    if blocks.freedom:
        half = dunnett_critical(len(blocks.mean_V) - 1, blocks.freedom, confidence) * blocks.error
    estimates = (blocks.mean_V[1:] - blocks.mean_V[0]).tolist()
    return [Interval(each, each - half, each + half, blocks.seeds, "Dunnett") for each in estimates]


@cache
def dunnett_critical(comparisons: int, freedom: int, confidence: float = CONFIDENCE) -> float:
    """Return what the largest of several |t| against one control stays below with a given probability.

    Args:
        comparisons: conditions besides the control, equally many values in each.
        freedom: degrees of freedom of the variance, 1 or more.
        confidence: the probability, above 0 and below 1.

    Source: Dunnett 1955; integrated over the control's value and the SD, given which the others are independent.
    """
    of_sd, of_mean = NODES
    point, weight = np.polynomial.legendre.leggauss(of_sd)
    sd = np.sqrt(chi2.ppf((point + 1) / 2, freedom) / freedom)
    control, share = np.polynomial.hermite_e.hermegauss(of_mean)
    share = share / share.sum()

    def beyond(critical: float) -> float:
        reach = math.sqrt(2) * critical * sd[:, None]
        within = ndtr(control + reach) - ndtr(control - reach)
        return float(weight / 2 @ (within**comparisons @ share)) - confidence

    return float(brentq(beyond, 0.0, WIDEST))
