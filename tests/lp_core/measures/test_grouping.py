"""`grouping`: measures of the nine equal slow twins and known chances."""

import math

import numpy as np
import pytest

from lp_core.measures.grouping import (
    clarity,
    class_entropy,
    concordance,
    counted_pairs,
    distinct_classes,
    pair_similarity,
    pairs_of,
    purity,
    unit_vectors,
    unlike_pairs,
)
from lp_core.measures.independent_images import independent_nine
from tests.reference import grouping as slow

RNG = np.random.default_rng(0)
LABELS = {
    "few classes": RNG.integers(0, 3, (30, 9)),
    "many classes": RNG.integers(0, 1000, (30, 9)),
    "one class": np.full((3, 9), 7),
    "all different": np.arange(27).reshape(3, 9),
    "five images": RNG.integers(0, 3, (10, 5)),
}


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize(
    ("fast", "twin"),
    [
        (distinct_classes, slow.distinct_classes),
        (purity, slow.purity),
        (class_entropy, slow.class_entropy),
        (concordance, slow.concordance),
    ],
)
def test_measures_of_classes_equal_their_slow_twins(name, fast, twin):
    np.testing.assert_allclose(fast(LABELS[name]), [twin(row) for row in LABELS[name].tolist()], atol=1e-12)


def test_extremes():
    one, different = LABELS["one class"], LABELS["all different"]
    assert concordance(one).tolist() == [1, 1, 1]
    assert concordance(different).tolist() == [0, 0, 0]
    np.testing.assert_allclose(class_entropy(one), 0)
    np.testing.assert_allclose(class_entropy(different), math.log(9))


def test_concordance_is_unbiased_whatever_the_number_of_images():
    rng = np.random.default_rng(1)
    share = np.array([0.5, 0.3, 0.2])
    for keep in (4, 9):
        label = rng.choice(3, (20_000, keep), p=share)
        assert concordance(label).mean() == pytest.approx((share**2).sum(), abs=0.005)
    assert abs(purity(rng.choice(3, (20_000, 4), p=share)).mean() - 0.5) > 0.05


def test_pair_similarity_equals_its_slow_twin():
    rng = np.random.default_rng(2)
    similarity = rng.random((20, 20))
    similarity += similarity.T
    item = rng.integers(0, 20, (15, 9))
    expected = [slow.pair_similarity(row, lambda a, b: similarity[a, b]) for row in item.tolist()]
    np.testing.assert_allclose(pair_similarity(item, similarity), expected)
    np.testing.assert_allclose(pair_similarity(item, np.eye(20)), concordance(item))


def test_only_counted_pairs_count():
    label = np.array([[0, 0, 1, 1], [0, 1, 2, 3], [5, 5, 5, 5]])
    kept = np.array([[True, True, True, False], [True, False, False, False], [True, True, True, True]])
    counted = counted_pairs(kept)
    assert counted.sum(1).tolist() == [3, 0, 6]
    np.testing.assert_array_equal(concordance(label, counted), [1 / 3, np.nan, 1])
    np.testing.assert_array_equal(pair_similarity(label, np.ones((6, 6)), unlike_pairs(label)), [1, 1, np.nan])
    assert pairs_of(4) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


def test_clarity_is_the_mean_cosine_over_pairs():
    rng = np.random.default_rng(3)
    embedding = rng.normal(size=(6, 9, 5)) + rng.normal(size=(6, 1, 5))
    expected = [
        slow.pair_similarity(range(9), lambda a, b, images=images: slow.cosine(images[a], images[b]))
        for images in embedding
    ]
    np.testing.assert_allclose(clarity(embedding), expected, atol=1e-12)
    unit = unit_vectors(embedding).reshape(54, 5)
    np.testing.assert_allclose(
        pair_similarity(np.arange(54).reshape(6, 9), unit @ unit.T), clarity(embedding), atol=1e-12
    )


def test_clarity_at_its_limits():
    same = np.ones((1, 9, 4))
    balanced = np.stack([np.eye(9)])  # the corners of a simplex, once centred
    assert clarity(same)[0] == pytest.approx(1)
    assert clarity(balanced - 1 / 9)[0] == pytest.approx(-1 / 8)
    with pytest.raises(ValueError, match="1 embeddings are zero"):
        clarity(np.concatenate([same[:, :8], np.zeros((1, 1, 4))], 1))


@pytest.mark.parametrize("images", [[3, 2, 4], [1, 1, 1, 1, 6], [9], [0, 5, 5]])
def test_independent_images_equal_every_possible_draw(images):
    exact = independent_nine(np.array(images), keep=5)
    distinct, pairs, modal = slow.independent_nine(images, 5)
    np.testing.assert_allclose(exact.distinct_P, distinct, atol=1e-12)
    np.testing.assert_allclose(exact.pairs_P, pairs, atol=1e-12)
    np.testing.assert_allclose(exact.modal_P, modal, atol=1e-12)


@pytest.mark.parametrize(
    ("classes", "images", "distinct", "all_distinct", "three_alike", "concordant"),
    [
        (1000, 50, 8.965, 0.965, 7.9e-5, 0.00098),
        (100, 50, 8.655, 0.695, 0.0076, 0.0098),
        (12, 50, 6.546, 0.016, 0.361, 0.0818),
    ],
)
def test_chance_for_the_nine_of_known_data_sets(classes, images, distinct, all_distinct, three_alike, concordant):
    nine = independent_nine(np.full(classes, images))
    assert nine.mean_distinct == pytest.approx(distinct, abs=5e-4)
    assert nine.distinct_P[9] == pytest.approx(all_distinct, abs=5e-4)
    assert nine.modal_P[3:].sum() == pytest.approx(three_alike, rel=0.01)
    assert nine.concordance == pytest.approx(concordant, rel=0.005)


def test_too_few_images_to_draw():
    with pytest.raises(ValueError, match="9 images cannot be drawn from 8 in 2 classes"):
        independent_nine(np.array([4, 4]))
