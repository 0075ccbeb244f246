"""When a channel comes to like the images that it likes in the end: birth epochs, and jumps before.

Shapes: E checkpoints in ascending order, C channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHARED = 5
"""Images of the last nine from which on a channel counts as born. Source: the specification."""
JUMP = 3
"""A jump shares fewer images than this with the checkpoint before. Source: the specification."""


@dataclass(frozen=True, eq=False)
class Births:
    """When the channels were born.

    Attributes:
        epoch_C: int64, the birth epoch; the last checkpoint where none was seen.
        is_seen_C: bool, False where the birth is right-censored: it came at the last checkpoint, at which every channel
            agrees with itself, or would have come later.
    """

    epoch_C: np.ndarray
    is_seen_C: np.ndarray


def births(shared_EC: np.ndarray, epoch_E: np.ndarray, threshold: int = SHARED) -> Births:
    """Return the first checkpoint from which on every channel shares enough images with the last, for good.

    The birth happened after the checkpoint before it; how finely it is known depends on the checkpoints kept. A channel
    born at epoch 0 had these images before the first step.

    Args:
        shared_EC: int, images that the nine of each checkpoint shares with the nine of the last.
        epoch_E: int, ascending.
        threshold: images that count as enough.

    Raises:
        ValueError: the epochs do not ascend, or are not as many as the checkpoints.
    """
    epoch_E = np.asarray(epoch_E, np.int64)
    if len(epoch_E) != len(shared_EC) or (np.diff(epoch_E) <= 0).any():
        raise ValueError(f"{len(shared_EC)} checkpoints have epochs {epoch_E.tolist()}; give one for each, ascending")
    is_enough_EC = shared_EC[:-1] >= threshold
    # From the last checkpoint backwards, as long as there was enough.
    for_good_EC = np.logical_and.accumulate(is_enough_EC[::-1], axis=0)[::-1]
    return Births(epoch_E[len(for_good_EC) - for_good_EC.sum(0)], np.any(for_good_EC, axis=0))


def jumps(best_stays_C: np.ndarray, shared_with_previous_C: np.ndarray, threshold: int = JUMP) -> np.ndarray:
    """Return bool [C]: the best image is another one, and fewer than `threshold` of the nine are those before.

    Args:
        best_stays_C: bool, the best image is that of the checkpoint before.
        shared_with_previous_C: int, images in common with the checkpoint before.
        threshold: images that rule out a jump.

    Source: Zeiler & Fergus 2014, figure 4, where "sudden jumps in appearance result from a change in the image from
    which the strongest activation originates"; the threshold is the specification's.
    """
    return ~np.asarray(best_stays_C, bool) & (np.asarray(shared_with_previous_C) < threshold)
