"""`popularity`: planted groups are found, popular images alone are not taken for groups."""

import math

import numpy as np
import pytest
from scipy import stats

from lp_core.measures.duplicates import different_pairs
from lp_core.measures.grouping import concordance, counted_pairs, pair_similarity, unit_vectors
from lp_core.measures.popularity import grouping_effects, learned, tertiles
from lp_core.measures.statistics import permutation_p
from tests.lp_core.measures.simulated import plant, popular_nines

CLASSES = 100
LAYERS, CHANNELS, IMAGES = 120, 16, 150
"""Many small layers are so many data sets, measured at once."""


def one_layer(seed: int, channels: int = 64, images: int = 5_000):
    """Nines without grouping, and the classes of the images."""
    rng = np.random.default_rng(seed)
    return popular_nines(channels, images, rng), rng.integers(0, CLASSES, images), rng


def g_of(label_CK):
    return lambda place_CK: concordance(label_CK.ravel()[place_CK])


def ungrouped_layers(classes: int):
    """Images of layer l are l * IMAGES and on; a few of them serve most channels."""
    rng = np.random.default_rng(1)
    image_CK = np.concatenate(
        [layer * IMAGES + popular_nines(CHANNELS, IMAGES, rng, skew=2.5) for layer in range(LAYERS)]
    )
    label_N = rng.integers(0, classes, LAYERS * IMAGES)
    return image_CK, label_N[image_CK], np.repeat(np.arange(LAYERS), CHANNELS), label_N, rng


@pytest.mark.parametrize("of_class", [9, 5])
def test_planted_channels_are_found(of_class):
    image_CK, label_N, rng = one_layer(0)
    image_CK[:16] = plant(image_CK[:16], label_N, of_class, rng)
    effect = grouping_effects(image_CK, {"G": g_of(label_N[image_CK])}, 99, rng)["G"]
    assert np.mean(effect.q_C[:16] < 0.05) >= 0.95
    assert np.mean(effect.q_C[16:] < 0.05) <= 0.05
    assert effect.p_L[0] == 0.01
    assert effect.delta_L[0] > 0
    assert effect.z_C[:16].min() > effect.z_C[16:].max()
    assert effect.significant_share_L()[0] == pytest.approx(0.25, abs=0.04)


def test_popular_images_without_groups_are_rejected_at_the_level_at_most():
    image_CK, label_CK, layer_C, label_N, rng = ungrouped_layers(classes=10)
    effect = grouping_effects(image_CK, {"G": g_of(label_CK)}, 99, rng, layer_C=layer_C)["G"]
    by_layer, by_channel = int((effect.p_L <= 0.05).sum()), np.mean(effect.p_C <= 0.05)
    assert stats.binomtest(by_layer, LAYERS, 0.05, "greater").pvalue > 0.01
    assert by_channel <= 0.05
    # Independent images, N0, are no fair null for the same data: they are rejected four times as often as they may.
    null_BC = np.stack(
        [concordance(label_N[np.argsort(rng.random((CHANNELS, IMAGES)), axis=1)[:, :9]]) for _ in range(199)]
    )
    against_n0 = [permutation_p(mean, null_BC.mean(1), "two-sided") <= 0.05 for mean in effect.mean_L]
    assert np.mean(against_n0) > 0.15


def test_p_values_without_effect_are_uniform():
    image_CK, label_CK, layer_C, _, rng = ungrouped_layers(classes=4)
    effect = grouping_effects(image_CK, {"G": g_of(label_CK)}, 99, rng, layer_C=layer_C)["G"]
    assert stats.kstest(effect.p_L, "uniform").pvalue > 0.01


def test_an_untrained_network_with_the_same_grouping_explains_it_away():
    deltas = {}
    for name, planted in (("trained", 16), ("untrained", 16), ("more", 40)):
        image_CK, label_N, rng = one_layer(len(name))
        image_CK[:planted] = plant(image_CK[:planted], label_N, 5, rng)
        deltas[name] = grouping_effects(image_CK, {"G": g_of(label_N[image_CK])}, 49, rng)["G"].delta_L
    assert abs(learned(deltas["trained"], deltas["untrained"])[0]) < 0.02
    assert learned(deltas["more"], deltas["untrained"])[0] > 0.05


def test_learned_pairs_equal_seeds_and_averages_others():
    assert learned([3.0, 4.0], [1.0, 3.0]).tolist() == [2, 1]
    assert learned([3.0, 4.0], [1.0, 2.0, 3.0]).tolist() == [1, 2]
    with pytest.raises(ValueError, match="untrained"):
        learned([1.0], [])


def test_meaning_groups_what_classes_do_not():
    """Images of three kinds, of ten classes each: no class repeats more than by chance within the kind."""
    image_CK, label_N, rng = one_layer(3)
    kind_L = np.arange(CLASSES) // 10
    similarity_LL = 0.6 * (kind_L[:, None] == kind_L) + 0.4 * np.eye(CLASSES)
    for row in image_CK[:20]:
        same_kind = np.flatnonzero(kind_L[label_N] == rng.integers(10))
        row[:6] = rng.choice(same_kind[~np.isin(same_kind, row)], 6, replace=False)
    label_CK = label_N[image_CK]
    measures = {"G": g_of(label_CK), "W": lambda place: pair_similarity(label_CK.ravel()[place], similarity_LL)}
    effects = grouping_effects(image_CK, measures, 99, rng)
    assert np.mean(effects["W"].q_C[:20] < 0.05) >= 0.95
    assert np.mean(effects["G"].q_C[:20] < 0.05) < 0.5


def test_clarity_is_tested_within_thirds_of_eccentricity():
    """Embeddings that tell the eccentricity alone look like grouping unless trades stay within thirds."""
    rng = np.random.default_rng(5)
    image_CK = popular_nines(60, 3_000, rng)
    eccentricity_CK = np.repeat(rng.random((60, 1)), 9, 1)  # every channel fires at its own eccentricity
    embedding = rng.normal(size=(540, 24))
    embedding[:, 0] += 4 * (np.floor(3 * eccentricity_CK.ravel()) - 1)
    unit = unit_vectors(embedding - embedding.mean(0))
    measures = {"E": lambda place: pair_similarity(place, unit @ unit.T)}
    third_CK = tertiles(eccentricity_CK, np.zeros(60))
    free = grouping_effects(image_CK, measures, 99, rng)["E"]
    within = grouping_effects(image_CK, measures, 99, rng, stratum_CK=third_CK)["E"]
    assert free.p_L[0] == 0.01
    assert within.delta_L[0] < 0.2 * free.delta_L[0]


def test_places_at_the_border_can_be_left_out():
    """Grouping at the border alone, such as black corners, disappears with it."""
    image_CK, label_N, rng = one_layer(6)
    border_CK = np.arange(9) < np.repeat([[5], [3]], 32, 0)
    for channel in range(64):
        image_CK[channel, border_CK[channel]] = rng.choice(
            np.flatnonzero(label_N == 0), border_CK[channel].sum(), replace=False
        )
        while len(set(image_CK[channel])) < 9:
            image_CK[channel, 8] = rng.integers(5_000)
    label_CK = label_N[image_CK]

    def inside(place_CK):
        return concordance(label_CK.ravel()[place_CK], counted_pairs(~border_CK.ravel()[place_CK]))

    measures = {"all": g_of(label_CK), "inside": inside}
    effects = grouping_effects(image_CK, measures, 99, rng, stratum_CK=border_CK, pool_C=border_CK.sum(1))
    assert effects["all"].mean_L[0] > 0.08
    assert effects["inside"].p_L[0] > 0.05
    assert np.mean(effects["inside"].p_C <= 0.05) <= 0.10


def test_near_duplicates_can_be_left_out():
    """The same photograph under several row numbers, of one class."""
    image_CK, label_N, rng = one_layer(7)
    hash_N = rng.integers(0, 2**63, 5_000).astype(np.uint64)
    label_N[:200], hash_N[:200] = np.repeat(np.arange(50), 4), np.repeat(hash_N[:50], 4)
    for channel in range(40):
        image_CK[channel, :4] = 4 * channel + np.arange(4)
        while len(set(image_CK[channel])) < 9:
            image_CK[channel, 4:] = rng.integers(200, 5_000, 5)
    label_CK, hash_CK = label_N[image_CK], hash_N[image_CK]

    def without(place_CK):
        return concordance(label_CK.ravel()[place_CK], different_pairs(hash_CK.ravel()[place_CK]))

    effects = grouping_effects(image_CK, {"G": g_of(label_CK), "without": without}, 99, rng)
    assert effects["G"].p_L[0] == 0.01
    assert effects["without"].p_L[0] > 0.05


def test_channels_without_a_value_are_left_out():
    image_CK, label_N, rng = one_layer(8, channels=20)
    label_CK = label_N[image_CK]
    layer_C = np.repeat([0, 1], 10)

    def partial(place_CK):
        value_C = concordance(label_CK.ravel()[place_CK])
        value_C[[2, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]] = math.nan
        return value_C

    effect = grouping_effects(image_CK, {"G": partial}, 19, rng, layer_C=layer_C)["G"]
    assert np.flatnonzero(np.isnan(effect.p_C)).tolist() == [2, *range(10, 20)]
    assert np.isnan(effect.mean_L[1])
    assert np.isnan(effect.p_L[1])
    assert effect.mean_L[0] == pytest.approx(np.nanmean(effect.value_C[:10]))
    np.testing.assert_array_equal(np.isnan(effect.significant_share_L()), [False, True])


def test_tertiles_divide_each_layer_in_three():
    value_CK = np.arange(72.0).reshape(8, 9)
    third_CK = tertiles(value_CK, np.repeat([0, 1], 4))
    for layer in (third_CK[:4], third_CK[4:]):
        assert np.bincount(layer.ravel()).tolist() == [12, 12, 12]
