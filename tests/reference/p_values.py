"""Slow twins of p-values, corrections and effect sizes: counting and loops, written from the definitions."""

from __future__ import annotations

import itertools
import math


def permutation_p(observed: float, null: list[float], side: str) -> float:
    """(b + 1) / (B + 1); two-sided: twice the smaller one."""
    greater = (sum(value >= observed for value in null) + 1) / (len(null) + 1)
    less = (sum(value <= observed for value in null) + 1) / (len(null) + 1)
    return {"greater": greater, "less": less, "two-sided": min(1.0, 2 * min(greater, less))}[side]


def benjamini_hochberg(p_values: list[float]) -> list[float]:
    """The smallest rate at which a test is called: among the k smallest p, for some k, with p_k <= rate k / m."""
    ordered = sorted(p_values)
    rates = [len(ordered) * p / (k + 1) for k, p in enumerate(ordered)]
    return [min(rate for other, rate in zip(ordered, rates, strict=True) if other >= p) for p in p_values]


def holm(p_values: list[float]) -> list[float]:
    """Largest of (m - k) p_k over all p_k up to this one, at most 1."""
    ordered = sorted(p_values)
    return [
        min(1.0, max((len(ordered) - k) * other for k, other in enumerate(ordered) if other <= p)) for p in p_values
    ]


def sign_flip_p(differences: list[float], side: str) -> float:
    """Share of sign patterns whose sum is at least as extreme."""
    patterns = list(itertools.product([1, -1], repeat=len(differences)))
    sums = [math.fsum(sign * value for sign, value in zip(signs, differences, strict=True)) for signs in patterns]
    observed = math.fsum(differences)
    extreme = {
        "greater": [total >= observed - 1e-12 for total in sums],
        "less": [total <= observed + 1e-12 for total in sums],
        "two-sided": [abs(total) >= abs(observed) - 1e-12 for total in sums],
    }[side]
    return sum(extreme) / len(patterns)


def cliffs_delta(a: list[float], b: list[float]) -> float:
    """Pairs with a above b, less those with a below b, over all pairs."""
    return sum((x > y) - (x < y) for x in a for y in b) / (len(a) * len(b))
