"""`interpretability`: two-alternative tasks are right where an embedding tells, and at chance where it does not."""

import numpy as np
import pytest

from lp_core.measures.grouping import unit_vectors
from lp_core.measures.interpretability import QUANTILES, TASKS, machine_interpretability, margins
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


def accuracy(maxima, embedding, image_CK, quantile, rng):
    return machine_interpretability(maxima, embedding, image_CK[None], [quantile], rng).accuracy_QAC[0, 0]


def test_margins_equal_their_slow_twin():
    """Also where an arrangement shows a query, or the other image, or both: they are left out of the nine."""
    rng = np.random.default_rng(0)
    unit = unit_vectors(rng.normal(size=(40, 6)))
    query, other, minus = np.arange(5), np.arange(5, 10), rng.integers(20, 40, (5, 9))
    image_AK = np.stack([np.arange(10, 19), [0, *range(11, 19)], [0, 5, *range(12, 19)], [*range(12, 20), 7]])
    expected = np.empty((4, 5))
    for a, t in np.ndindex(4, 5):
        plus = [image for image in image_AK[a] if image not in (query[t], other[t])]
        expected[a, t] = task_margin(unit[query[t]], unit[other[t]], unit[plus], unit[minus[t]])
    np.testing.assert_allclose(margins(unit, image_AK, query, other, minus), expected, atol=1e-12)


def test_channels_that_follow_the_embedding_are_told_apart():
    maxima, embedding, image_CK, rng = scanned(0, strength=5.0)
    result = machine_interpretability(maxima, embedding, image_CK[None], list(QUANTILES.values()), rng)
    by_quantile = np.nanmean(result.accuracy_QAC[:, 0], axis=1)
    assert by_quantile[0] > 0.95
    assert by_quantile[0] > by_quantile[1] > by_quantile[2] > 0.6


def test_channels_that_ignore_the_embedding_are_at_chance():
    maxima, embedding, image_CK, rng = scanned(1, strength=0.0)
    result = machine_interpretability(maxima, embedding, image_CK[None], [0.9], rng)
    accuracy_C = result.accuracy_QAC[0, 0]
    # Every channel's tasks share its nine, so its accuracy varies by more than 1 / sqrt(4 TASKS).
    assert np.nanmean(accuracy_C) == pytest.approx(0.5, abs=4 * accuracy_C.std() / np.sqrt(CHANNELS))
    assert TASKS == 100
    assert result.active_C == pytest.approx(0.5, abs=0.05)


def test_incomplete_and_dead_channels_have_no_value():
    maxima, embedding, image_CK, rng = scanned(2, strength=5.0)
    maxima[:, 0] = 0
    image_CK[0] = -1
    image_CK[1, 8] = -1
    maxima[:, 2] = np.where(np.isin(np.arange(IMAGES), image_CK[2]), maxima[:, 2], 0)  # only its nine
    accuracy_C = accuracy(maxima, embedding, image_CK, 0.9, rng)
    assert np.flatnonzero(np.isnan(accuracy_C)).tolist() == [0, 1, 2]


def test_channels_that_every_image_activates_take_the_lowest_quarter():
    maxima, embedding, image_CK, rng = scanned(3, strength=5.0)
    result = machine_interpretability(maxima + 1, embedding, image_CK[None], [0.9], rng)
    assert (result.active_C == 1).all()
    assert np.nanmean(result.accuracy_QAC) > 0.9


def test_nines_of_other_channels_explain_less():
    """The inactive images tell something, whichever nine stand beside them."""
    maxima, embedding, image_CK, rng = scanned(4, strength=5.0)
    shifted = np.stack([image_CK, np.roll(image_CK, 1, axis=0)])
    own, other = machine_interpretability(maxima, embedding, shifted, [0.99], rng).accuracy_QAC[0].mean(1)
    assert own > 0.95
    assert 0.5 < other < own - 0.15


@pytest.mark.parametrize("quantile", [0, 1, 1.5])
def test_quantiles_that_are_none_are_refused(quantile):
    maxima, embedding, image_CK, rng = scanned(0, strength=1.0)
    with pytest.raises(ValueError, match="give quantiles between 0 and 1"):
        accuracy(maxima, embedding, image_CK, quantile, rng)
    with pytest.raises(ValueError, match="same images"):
        accuracy(maxima[1:], embedding, image_CK, 0.5, rng)
