"""Slow twins of the measures of grouping: one channel, one pair at a time."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np


def distinct_classes(labels: Sequence[int]) -> int:
    return len(set(labels))


def purity(labels: Sequence[int]) -> float:
    return max(Counter(labels).values()) / len(labels)


def class_entropy(labels: Sequence[int]) -> float:
    return -sum(count / len(labels) * math.log(count / len(labels)) for count in Counter(labels).values())


def concordance(labels: Sequence[int]) -> float:
    pairs = list(itertools.combinations(labels, 2))
    return sum(a == b for a, b in pairs) / len(pairs)


def pair_similarity(items: Sequence[int], similar: Callable[[int, int], float]) -> float:
    pairs = list(itertools.combinations(items, 2))
    return sum(similar(a, b) for a, b in pairs) / len(pairs)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / math.sqrt((a @ a) * (b @ b)))


def task_margin(query: np.ndarray, other: np.ndarray, plus: np.ndarray, minus: np.ndarray) -> float:
    """How much more like the plus-set than like the minus-set the query is, less the same of the other image."""

    def degree(image: np.ndarray) -> float:
        to_plus, to_minus = ([cosine(image, shown) for shown in images] for images in (plus, minus))
        return sum(to_plus) / len(to_plus) - sum(to_minus) / len(to_minus)

    return degree(query) - degree(other)


def independent_nine(images_by_class: Sequence[int], keep: int) -> tuple[list[float], list[float], list[float]]:
    """Probabilities of distinct classes, concordant pairs and the modal count, by drawing every possible set."""
    labels = [label for label, images in enumerate(images_by_class) for _ in range(images)]
    distinct, pairs, modal = [0] * (keep + 1), [0] * (math.comb(keep, 2) + 1), [0] * (keep + 1)
    draws = list(itertools.combinations(labels, keep))
    for drawn in draws:
        counts = Counter(drawn).values()
        distinct[len(counts)] += 1
        pairs[sum(math.comb(count, 2) for count in counts)] += 1
        modal[max(counts)] += 1
    return tuple([count / len(draws) for count in counts] for counts in (distinct, pairs, modal))  # type: ignore
