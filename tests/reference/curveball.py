"""All nines with given popularities, by trying every one, and a chain of plain trades, one pair of channels a time."""

from __future__ import annotations

import itertools
import random
from collections import Counter

Nines = tuple[frozenset[int], ...]


def all_nines(images_per_channel: int, popularity: dict[int, int], channels: int) -> set[Nines]:
    """Every choice of images for the channels in which each image serves as many channels as it should."""
    sets = [frozenset(chosen) for chosen in itertools.combinations(popularity, images_per_channel)]
    return {
        nines
        for nines in itertools.product(sets, repeat=channels)
        if Counter(image for chosen in nines for image in chosen) == popularity
    }


def traded(nines: list[set[int]], trades: int, rng: random.Random) -> list[set[int]]:
    """After some trades between two random channels each. Source: Strona et al. 2014, steps 1 to 6."""
    nines = [set(chosen) for chosen in nines]
    for _ in range(trades):
        a, b = rng.sample(range(len(nines)), 2)
        only_a, only_b = sorted(nines[a] - nines[b]), sorted(nines[b] - nines[a])
        pool = only_a + only_b
        rng.shuffle(pool)
        both = nines[a] & nines[b]
        nines[a], nines[b] = both | set(pool[: len(only_a)]), both | set(pool[len(only_a) :])
    return nines
