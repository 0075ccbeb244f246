"""`interpretability`: two-alternative tasks are right where an embedding tells, and at chance where it does not."""

import numpy as np
import pytest

from lp_core.measures.grouping import unit_vectors
from lp_core.measures.interpretability import TASKS, machine_interpretability, margins
from tests.reference.grouping import task_margin

IMAGES, CHANNELS = 2_000, 30


def scanned(seed: int, strength: float):
    """Images along random directions; each channel responds to one direction to a degree, above a threshold."""
    rng = np.random.default_rng(seed)
    embedding = rng.normal(size=(IMAGES, 16))
    direction = rng.normal(size=(16, CHANNELS)) / 4
    response = strength * embedding @ direction + rng.normal(size=(IMAGES, CHANNELS))
    maxima = np.maximum(response, 0)
    return maxima, embedding, np.argsort(-maxima, axis=0)[:9].T, rng


def test_margins_equal_their_slow_twin():
    rng = np.random.default_rng(0)
    query, other, plus, minus = (unit_vectors(rng.normal(size=shape)) for shape in ((5, 6), (5, 6), (9, 6), (5, 9, 6)))
    expected = [task_margin(query[t], other[t], plus, minus[t]) for t in range(5)]
    np.testing.assert_allclose(margins(query, other, plus, minus), expected, atol=1e-12)


def test_channels_that_follow_the_embedding_are_told_apart():
    maxima, embedding, image_CK, rng = scanned(0, strength=5.0)
    by_quantile = [
        np.nanmean(machine_interpretability(maxima, embedding, image_CK, q, rng).accuracy_C) for q in (0.99, 0.9, 0.5)
    ]
    assert by_quantile[0] > 0.95
    assert by_quantile[0] > by_quantile[1] > by_quantile[2] > 0.6


def test_channels_that_ignore_the_embedding_are_at_chance():
    maxima, embedding, image_CK, rng = scanned(1, strength=0.0)
    result = machine_interpretability(maxima, embedding, image_CK, 0.9, rng)
    # Every channel's tasks share its nine, so its accuracy varies by more than 1 / sqrt(4 TASKS).
    assert np.nanmean(result.accuracy_C) == pytest.approx(0.5, abs=4 * result.accuracy_C.std() / np.sqrt(CHANNELS))
    assert TASKS == 100
    assert result.active_C == pytest.approx(0.5, abs=0.05)


def test_incomplete_and_dead_channels_have_no_value():
    maxima, embedding, image_CK, rng = scanned(2, strength=5.0)
    maxima[:, 0] = 0
    image_CK[0] = -1
    image_CK[1, 8] = -1
    maxima[:, 2] = np.where(np.isin(np.arange(IMAGES), image_CK[2]), maxima[:, 2], 0)  # only its nine
    accuracy_C = machine_interpretability(maxima, embedding, image_CK, 0.9, rng).accuracy_C
    assert np.flatnonzero(np.isnan(accuracy_C)).tolist() == [0, 1, 2]


def test_channels_that_every_image_activates_take_the_lowest_quarter():
    maxima, embedding, image_CK, rng = scanned(3, strength=5.0)
    result = machine_interpretability(maxima + 1, embedding, image_CK, 0.9, rng)
    assert (result.active_C == 1).all()
    assert np.nanmean(result.accuracy_C) > 0.9


@pytest.mark.parametrize("quantile", [0, 1, 1.5])
def test_quantiles_that_are_none_are_refused(quantile):
    maxima, embedding, image_CK, rng = scanned(0, strength=1.0)
    with pytest.raises(ValueError, match=f"quantile {quantile}"):
        machine_interpretability(maxima, embedding, image_CK, quantile, rng)
    with pytest.raises(ValueError, match="same images"):
        machine_interpretability(maxima[1:], embedding, image_CK, 0.5, rng)
