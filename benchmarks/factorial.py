"""Effects of settings that were crossed: every value of each with every value of the others, and the same seeds.

Shapes: S seeds.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

Cells = Mapping[tuple[str, ...], Mapping[int, float]]
"""A number by seed, by the values of the factors."""


def factorial_effects(cells: Cells, factors: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield what each factor changes by itself, then by how much every two of them change each other's effect.

    The effect of a factor is the mean of all cells with its second value less that with its first: each run counts for
    every factor. The interaction of two factors is half the difference between the effects of the one at the second and
    at the first value of the other; 0 means that effects add up.

    Args:
        cells: all combinations of the two values of every factor.
        factors: names, in the order of the values in `cells`.

    Yields:
        A name, and the effect for each seed that all cells have, ascending, [S], in the unit of the cells.

    Raises:
        ValueError: a factor has not two values, a combination is missing, or no seed has all of them.

    Source: Box, Hunter & Hunter 2005, "Statistics for Experimenters", chapter 5.
    """
    levels = [list(dict.fromkeys(cell[place] for cell in cells)) for place in range(len(factors))]
    if any(len(values) != 2 for values in levels):
        raise ValueError(f"{dict(zip(factors, levels, strict=True))}: every factor needs two values")
    missing = set(itertools.product(*levels)) - set(cells)
    seeds = sorted(set.intersection(*(set(by_seed) for by_seed in cells.values())))
    if missing or not seeds:
        raise ValueError(f"missing combinations: {sorted(missing)}; seeds that all combinations have: {seeds}")
    value_RS = np.array([[by_seed[seed] for seed in seeds] for by_seed in cells.values()])
    sign_RF = np.array([[1 if cell[k] == values[1] else -1 for k, values in enumerate(levels)] for cell in cells])
    half = len(cells) / 2
    for factor, sign_R, (first, second) in zip(factors, sign_RF.T, levels, strict=True):
        yield f"{factor}: {second} instead of {first}", sign_R @ value_RS / half
    for one, other in itertools.combinations(range(len(factors)), 2):
        yield f"{factors[one]} x {factors[other]}", (sign_RF[:, one] * sign_RF[:, other]) @ value_RS / half
