"""Which photographs a validation split gets where a collection has none: some of every class, by a hash of their names.

Whether a photograph is taken depends on its name and the seed alone, not on the others, so it stays on its side when
files are added or removed. The one exception are small classes: where chance leaves a side without any photograph of a
class, the photograph nearest to the threshold changes sides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lp_core.errors import DataError, check


@dataclass(frozen=True)
class ValidationShare:
    """How a validation split is taken from training.

    Args:
        share: fraction of the photographs to expect in it, above 0 and below 1.
        seed: another one takes other photographs.

    Raises:
        SettingError: the share is out of range.
    """

    share: float
    seed: int = 0

    def __post_init__(self) -> None:
        check(0 < self.share < 1, f"--validation-share {self.share:g} is not above 0 and below 1; 0.1 is a good start")

    def taken(self, keys: Sequence[str], labels: np.ndarray) -> np.ndarray:
        """Which photographs the validation split gets; bool [n].

        Every class with two photographs or more has at least one on each side; a class's only photograph stays in
        training.

        Args:
            keys: name of every photograph; those with one name go to one side.
            labels: int [n].

        Raises:
            DataError: no class has two photographs with different names.
        """
        drawn_N = np.array([_drawn(key, self.seed) for key in keys], np.float64)
        classes, class_N = np.unique(labels, return_inverse=True)
        lowest, highest = np.full(len(classes), 1.0), np.full(len(classes), 0.0)
        np.minimum.at(lowest, class_N, drawn_N)
        np.maximum.at(highest, class_N, drawn_N)
        # The lowest of a class is always taken and the highest never, which only matters where chance favours one side.
        taken_N = ((drawn_N < self.share) | (drawn_N == lowest[class_N])) & (drawn_N != highest[class_N])
        check(
            bool(taken_N.any()), "--validation-share: no class has two photographs, so there is none to take", DataError
        )
        return taken_N


def _drawn(key: str, seed: int) -> float:
    """A number in [0, 1) that depends on the key and the seed alone."""
    digest = hashlib.sha256(f"{seed}\n{key}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
