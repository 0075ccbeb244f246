"""How much two classes of ImageNet have in common in meaning, by WordNet's tree of kinds.

Shapes: L classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources

import numpy as np


@cache
def hypernyms() -> dict[str, tuple[str, ...]]:
    """Return what each synset is directly a kind of, by wnid: ImageNet's 1,000 classes and all above them.

    Source: WordNet 3.0, read by `lp_core.measures.make_wordnet`: 1,860 synsets, 1,937 edges; 75 synsets have several.
    """
    parents: dict[str, tuple[str, ...]] = {}
    text = resources.files("lp_core.measures").joinpath("wordnet_hypernyms.txt").read_text("utf-8")
    for line in text.splitlines():
        if not line.startswith("#"):
            child, parent = line.split()
            parents[child] = (*parents.get(child, ()), parent)
    return parents


def unknown_wnids(wnids: Sequence[str | None]) -> list[str | None]:
    """Return the wnids that are none of ImageNet's 1,000 classes; with any, W cannot be measured."""
    return [wnid for wnid in wnids if wnid not in hypernyms()]


def ancestors(wnid: str) -> set[str]:
    """Return a synset and all that it is a kind of, up to entity.

    Raises:
        KeyError: the synset is none of ImageNet's classes, and above none of them.
    """
    parents, ancestors, waiting = hypernyms(), set(), [wnid]
    if wnid not in parents:
        raise KeyError(f"{wnid} is none of ImageNet's 1,000 classes, so nothing is known about its meaning")
    while waiting:
        synset = waiting.pop()
        if synset not in ancestors:
            ancestors.add(synset)
            waiting.extend(parents.get(synset, ()))
    return ancestors


def lin_similarity(wnids: Sequence[str]) -> np.ndarray:
    """Return Lin's similarity of every two classes, float64 [L, L]: 1 for a class and itself, 0 if only all things.

    A synset's information content is -ln of the share of the L classes that are kinds of it. Two classes are as
    similar as the most informative synset that both are kinds of, relative to their own content.

    Args:
        wnids: the data set's classes, in the order of their labels. Fewer classes give other values.

    Raises:
        KeyError: a class is none of ImageNet's 1,000 (`unknown_wnids`).
        ValueError: a class is there twice.

    Source: Lin 1998, "An information-theoretic definition of similarity", with the classes as the corpus. For all
    1,000 classes a random pair has 0.084 on average.
    """
    if len(set(wnids)) < len(wnids):
        raise ValueError("two classes have one wnid; give every class its own")
    members: dict[str, list[int]] = {}
    for index, wnid in enumerate(wnids):
        for synset in ancestors(wnid):
            members.setdefault(synset, []).append(index)
    content = {synset: float(np.log(len(wnids) / len(below))) for synset, below in members.items()}
    common_LL = np.zeros((len(wnids), len(wnids)))
    for synset in sorted(members, key=lambda synset: content[synset]):  # the most informative one is written last
        common_LL[np.ix_(members[synset], members[synset])] = content[synset]
    own_L = np.array([content[wnid] for wnid in wnids])
    total_LL = own_L[:, None] + own_L
    similarity_LL = np.divide(2 * common_LL, total_LL, out=np.zeros_like(total_LL), where=total_LL > 0)
    np.fill_diagonal(similarity_LL, 1.0)
    return similarity_LL
