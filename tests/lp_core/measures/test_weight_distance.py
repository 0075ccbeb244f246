"""`weight_distance` is the norm of all differences, 1 at the first checkpoint and 0 at the last."""

import numpy as np
import pytest

from lp_core.measures.weight_distance import relative_distances, weight_distance


def test_it_is_the_norm_of_all_differences() -> None:
    rng = np.random.default_rng(0)
    a, b = ([rng.normal(size=(4, 3, 3, 3)).astype(np.float32), rng.normal(size=4).astype(np.float32)] for _ in range(2))
    flat = [np.concatenate([part.ravel() for part in weights]).astype(float) for weights in (a, b)]
    assert weight_distance(a, b) == pytest.approx(np.linalg.norm(flat[0] - flat[1]))
    assert weight_distance(a, a) == 0


def test_a_straight_way_is_gone_evenly() -> None:
    first, last = np.zeros(50), np.random.default_rng(0).normal(size=50)
    left = [weight_distance([first + share * (last - first)], [last]) for share in (0, 0.25, 0.5, 1)]
    np.testing.assert_allclose(relative_distances(np.array(left)), [1, 0.75, 0.5, 0])


def test_a_layer_that_did_not_learn_has_none() -> None:
    assert np.isnan(relative_distances(np.zeros(3))).all()
