"""Values of several conditions at equal seeds: what a condition changes, and how much is left to chance.

A seed raises or lowers all conditions alike (a block); what is left varies equally in all conditions.
Shapes: V conditions, S seeds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SeedBlocks:
    """The two-way analysis of variance without interaction.

    Attributes:
        mean_V: of each condition.
        seeds: number of seeds.
        freedom: degrees of freedom of `error`, (V - 1)(S - 1).
        error: standard error of the difference between two means, sqrt(2 MS / S) with MS the mean square that
            conditions and seeds leave; NaN for one seed.

    Source: Fisher 1925, "Statistical Methods for Research Workers"; randomised blocks.
    """

    mean_V: np.ndarray
    seeds: int
    freedom: int
    error: float


def seed_blocks(value_VS: Sequence[Sequence[float]] | np.ndarray) -> SeedBlocks:
    """Return what is left when conditions and seeds are taken out.

    Args:
        value_VS: one value per condition and seed; equal seeds in one column.

    Raises:
        ValueError: fewer than two conditions, no seed, unequal numbers of seeds, or a value is NaN.
    """
    lengths = {len(value_S) for value_S in value_VS}
    if len(value_VS) < 2 or len(lengths) > 1 or lengths == {0}:
        raise ValueError(
            f"{len(value_VS)} conditions of {sorted(lengths)} seeds: give two or more, each of equal seeds"
        )
    value = np.asarray(value_VS, np.float64)
    if np.isnan(value).any():
        raise ValueError("a value is NaN: leave out seeds that lack a value")
    conditions, seeds = value.shape
    mean_V = value.mean(axis=1)
    left = value - mean_V[:, None] - value.mean(axis=0) + value.mean()
    freedom = (conditions - 1) * (seeds - 1)
    error = math.sqrt(2 * (left**2).sum() / freedom / seeds) if freedom else math.nan
    return SeedBlocks(mean_V, seeds, freedom, error)
