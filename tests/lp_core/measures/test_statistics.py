"""`statistics`: p-values and corrections equal slow twins, and reject true nulls no more often than stated."""

import numpy as np
import pytest

from lp_core.measures.statistics import (
    EXACT_FLIPS,
    benjamini_hochberg,
    cliffs_delta,
    holm,
    permutation_p,
    pooled_p,
    sign_flip_p,
)
from tests.reference import p_values as slow

SIDES = ("greater", "less", "two-sided")


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("seed", range(3))
def test_permutation_p_counts_as_its_slow_twin(side, seed):
    rng = np.random.default_rng(seed)
    null = rng.integers(0, 6, 40).astype(float)  # ties
    for observed in (-1.0, 0.0, 2.0, 5.0, 9.0):
        assert permutation_p(observed, null, side) == pytest.approx(slow.permutation_p(observed, null.tolist(), side))


def test_a_p_value_is_never_zero():
    assert permutation_p(10.0, np.zeros(999)) == 1 / 1000


def test_pooled_p_values_are_those_of_each_alone():
    rng = np.random.default_rng(0)
    null, observed = rng.normal(size=(5, 20)), rng.normal(size=7)
    expected = [permutation_p(value, null.ravel()) for value in observed]
    assert pooled_p(observed, null).tolist() == expected


@pytest.mark.parametrize(("observed", "null"), [([1.0], []), ([np.nan], [1.0]), ([1.0], [np.nan])])
def test_what_cannot_be_ranked_is_refused(observed, null):
    with pytest.raises(ValueError, match=r"no samples|NaN"):
        pooled_p(np.array(observed), np.array(null))


@pytest.mark.parametrize("seed", range(4))
def test_corrections_equal_their_slow_twins(seed):
    p = np.random.default_rng(seed).random(13) ** 3
    np.testing.assert_allclose(benjamini_hochberg(p), slow.benjamini_hochberg(p.tolist()))
    np.testing.assert_allclose(holm(p), slow.holm(p.tolist()))


@pytest.mark.parametrize("correct", [benjamini_hochberg, holm])
def test_unchannels_tested_do_not_count(correct):
    p = np.array([0.01, np.nan, 0.2, np.nan, 0.03])
    corrected = correct(p)
    assert np.isnan(corrected[[1, 3]]).all()
    np.testing.assert_array_equal(corrected[[0, 2, 4]], correct(p[[0, 2, 4]]))
    assert np.isnan(correct(np.full(3, np.nan))).all()


def test_holm_keeps_the_chance_of_any_false_call():
    rng = np.random.default_rng(0)
    called = np.mean([(holm(rng.random(13)) < 0.05).any() for _ in range(2000)])
    assert called < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)


def test_benjamini_hochberg_keeps_the_rate_of_false_discoveries():
    rng = np.random.default_rng(1)
    false_rate = []
    for _ in range(500):
        p = np.concatenate([rng.random(80), rng.random(20) * 1e-4])
        called = benjamini_hochberg(p) < 0.05
        assert called[80:].all()
        false_rate.append(called[:80].sum() / max(called.sum(), 1))
    assert np.mean(false_rate) < 0.05


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_sign_flips_are_those_of_the_slow_twin(side, n):
    for seed in range(3):
        difference = np.random.default_rng(seed).normal(0.5, 1, n)
        assert sign_flip_p(difference, side) == pytest.approx(slow.sign_flip_p(difference.tolist(), side))


@pytest.mark.parametrize(("n", "smallest"), [(3, 0.25), (5, 0.0625), (8, 0.0078125)])
def test_few_seeds_cannot_reject(n, smallest):
    assert sign_flip_p(np.arange(1.0, n + 1)) == smallest


def test_many_differences_are_flipped_at_random():
    difference = np.random.default_rng(0).normal(0.3, 1, EXACT_FLIPS + 10)
    with pytest.raises(ValueError, match="rng"):
        sign_flip_p(difference)
    drawn = sign_flip_p(difference, rng=np.random.default_rng(1))
    mean, error = difference.mean(), difference.std(ddof=1) / np.sqrt(len(difference))
    assert drawn == pytest.approx(2 * (1 - _normal_cdf(mean / error)), abs=0.03)


def _normal_cdf(z: float) -> float:
    from math import erf, sqrt

    return (1 + erf(z / sqrt(2))) / 2


@pytest.mark.parametrize("seed", range(4))
def test_cliffs_delta_equals_its_slow_twin(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 5, 11), rng.integers(1, 6, 7)
    assert cliffs_delta(a, b) == pytest.approx(slow.cliffs_delta(a.tolist(), b.tolist()))
    assert cliffs_delta(a, b) == pytest.approx(-cliffs_delta(b, a))


def test_cliffs_delta_of_separated_and_of_equal_groups():
    assert cliffs_delta([3, 4], [1, 2]) == 1
    assert cliffs_delta([1, 2, 3], [1, 2, 3]) == 0
    with pytest.raises(ValueError, match="0 and 1"):
        cliffs_delta([], [1])
