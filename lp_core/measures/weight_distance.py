"""How far the weights of a layer still are from the last ones.

Shapes: E checkpoints in ascending order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def weight_distance(a: Sequence[np.ndarray], b: Sequence[np.ndarray]) -> float:
    """Return the Euclidean distance of two sets of a layer's weights, computed in float64.

    Args:
        a, b: kernels and biases; arrays of any shapes, the same in both.
    """
    parts = zip(a, b, strict=True)
    return float(np.sqrt(sum(((x.astype(np.float64) - y.astype(np.float64)) ** 2).sum() for x, y in parts)))


def relative_distances(distance_E: np.ndarray) -> np.ndarray:
    """Return |w_e - w_T| / |w_0 - w_T| for every checkpoint, float64 [E]: 1 at the first, 0 at the last.

    Args:
        distance_E: of each checkpoint's weights from the last ones.

    Returns:
        NaN where the layer did not learn.
    """
    distance_E = np.asarray(distance_E, np.float64)
    return distance_E / distance_E[0] if distance_E[0] > 0 else np.full(len(distance_E), np.nan)
