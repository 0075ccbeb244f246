"""A channel's nine by sorting everything."""

from collections.abc import Iterable

Hit = tuple[float, int, int, int]
"""Activation, row of the image, row and column in the map."""


def nine(hits: Iterable[Hit]) -> list[Hit]:
    """Largest activation first, then lowest row, then first position; each image once, and only if it is active."""
    best_first = sorted((hit for hit in hits if hit[0] > 0), key=lambda hit: (-hit[0], *hit[1:]))
    seen: set[int] = set()
    kept = []
    for hit in best_first:
        if hit[1] not in seen:
            seen.add(hit[1])
            kept.append(hit)
    return kept[:9]
