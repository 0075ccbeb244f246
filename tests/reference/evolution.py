"""Births, jumps and chance, one channel after the other, in the words of their definitions."""

from collections.abc import Sequence
from itertools import product


def birth(shared: Sequence[int], epochs: Sequence[int], threshold: int = 5) -> tuple[int, bool]:
    """Birth epoch, and whether it was seen, of a channel with these images in common with the last checkpoint."""
    for place, epoch in enumerate(epochs):
        if all(images >= threshold for images in shared[place:]):
            return epoch, place < len(epochs) - 1
    return epochs[-1], False


def chance(a: Sequence[Sequence[int]], b: Sequence[Sequence[int]]) -> float:
    """Images that two different channels have in common, averaged over all ordered pairs."""
    pairs = [(i, j) for i, j in product(range(len(a)), repeat=2) if i != j]
    return sum(len({x for x in a[i] if x >= 0} & {x for x in b[j] if x >= 0}) for i, j in pairs) / len(pairs)


def survival(times: Sequence[int], seen: Sequence[bool], after: int) -> float:
    """The share whose event is still to come after a time: the product over all event times up to it."""
    share = 1.0
    for time in sorted({time for time, is_seen in zip(times, seen, strict=True) if is_seen and time <= after}):
        at_risk = sum(other >= time for other in times)
        events = sum(other == time and is_seen for other, is_seen in zip(times, seen, strict=True))
        share *= 1 - events / at_risk
    return share
