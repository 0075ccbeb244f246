"""Rank-biased overlap, place by place, as Webber, Moffat & Zobel 2010 define it."""

from collections.abc import Sequence


def rank_biased_overlap(a: Sequence[int], b: Sequence[int], persistence: float, *, beyond: int = 20_000) -> float:
    """The infinite sum, with the agreement at the last known place at all that follow."""
    total, agreement = 0.0, 0.0
    for depth in range(1, beyond):
        if depth <= len(a):
            agreement = len(set(a[:depth]) & set(b[:depth])) / depth
        total += (1 - persistence) * persistence ** (depth - 1) * agreement
    return total
