"""`overlap`: channels permuted give chance, other channels' nines give its level, and popular images raise it."""

import numpy as np
import pytest

from lp_core.measures.overlap import chance_overlap, mean_overlap, normalised_overlap
from tests.reference.evolution import chance


def nines(rng: np.random.Generator, channels: int, images: int, weights: np.ndarray | None = None) -> np.ndarray:
    p = None if weights is None else weights / weights.sum()
    return np.stack([rng.choice(images, 9, replace=False, p=p) for _ in range(channels)])


@pytest.mark.parametrize("images", [12, 200])
def test_chance_is_the_mean_over_all_other_pairs(images) -> None:
    rng = np.random.default_rng(images)
    a, b = nines(rng, 7, images), nines(rng, 7, images)
    a[2, 5:], b[4] = -1, -1
    assert chance_overlap(a, b) == pytest.approx(chance(a.tolist(), b.tolist()))


def test_permuted_channels_give_chance() -> None:
    rng = np.random.default_rng(0)
    last = nines(rng, 60, 300, rng.pareto(1, 300) + 0.01)
    # Shifted by every number of channels, each channel meets every other one once.
    shifted = [mean_overlap(np.roll(last, shift, axis=0), last) for shift in range(1, 60)]
    chance_of_last = chance_overlap(last, last)
    assert np.mean(shifted) == pytest.approx(chance_of_last)
    assert np.mean([normalised_overlap(overlap, chance_of_last, 9) for overlap in shifted]) == pytest.approx(0)


def test_popular_images_raise_chance_above_81_over_n() -> None:
    rng = np.random.default_rng(0)
    even, skewed = nines(rng, 200, 500), nines(rng, 200, 500, rng.pareto(1, 500) + 0.01)
    assert chance_overlap(even, even) == pytest.approx(81 / 500, rel=0.1)
    assert chance_overlap(skewed, skewed) > 5 * 81 / 500


def test_what_has_no_ceiling_above_chance_has_no_number() -> None:
    assert normalised_overlap(4, 1, 7) == pytest.approx(0.5)
    assert np.isnan(normalised_overlap(4, 2, 2))
    assert np.isnan(chance_overlap(np.arange(9)[None], np.arange(9)[None]))
    assert np.isnan(mean_overlap(np.empty((0, 9)), np.empty((0, 9))))
