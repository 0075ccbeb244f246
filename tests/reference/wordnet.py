"""Lin's similarity of two classes, written from the paper: probabilities of synsets by counting classes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def above(synset: str, parents: Mapping[str, Sequence[str]]) -> set[str]:
    """The synset and everything above it."""
    found = {synset}
    for parent in parents.get(synset, ()):
        found |= above(parent, parents)
    return found


def lin(a: str, b: str, classes: Sequence[str], parents: Mapping[str, Sequence[str]]) -> float:
    """2 log P(common) / (log P(a) + log P(b)), of the common synset with the smallest P."""

    def log_probability(synset: str) -> float:
        return math.log(sum(synset in above(one, parents) for one in classes) / len(classes))

    common = above(a, parents) & above(b, parents)
    return 2 * min(log_probability(synset) for synset in common) / (log_probability(a) + log_probability(b))
