"""`grouping`: the tables of one network's nines say what the measures say, by every measure that the data allow."""

import numpy as np
import pytest

from lp_core.findings.grouping import (
    SCHEMA,
    Likeness,
    channel_effects,
    grouping_table,
    independent_concordance,
    measure_grouping,
)
from lp_core.measures.grouping import clarity, concordance, counted_pairs, pair_similarity
from tests.lp_core.findings.simulated import simulated_nines

CLASSES = 20


def measured(planted=8, samples=49, **likeness):
    rng = np.random.default_rng(1)
    label_N = rng.integers(0, CLASSES, 400)
    nines = simulated_nines(label_N, rng, planted=planted)
    return nines, measure_grouping(nines, Likeness(**likeness), samples, rng)


def test_measures_are_those_that_the_data_allow():
    assert list(measured()[1]) == ["G", "G_inside"]
    similarity = np.eye(CLASSES, dtype=np.float32)
    hashes = np.random.default_rng(0).integers(0, 2**63, (32, 9)).astype(np.uint64)
    embedding = np.random.default_rng(0).normal(size=(32, 9, 4)).astype(np.float32)
    effects = measured(similarity_LL=similarity, hash_CK=hashes, embeddings={"cartesian": embedding})[1]
    assert list(effects) == ["G", "G_without_duplicates", "W", "W_unlike", "G_inside", "E_cartesian"]


def test_values_are_those_of_the_measures():
    rng = np.random.default_rng(0)
    similarity = rng.random((CLASSES, CLASSES)).astype(np.float32)
    similarity += similarity.T
    embedding = rng.normal(size=(32, 9, 4)).astype(np.float32)
    nines, effects = measured(similarity_LL=similarity, embeddings={"x": embedding})
    np.testing.assert_allclose(effects["G"].value_C, concordance(nines.label_CK))
    np.testing.assert_allclose(effects["W"].value_C, pair_similarity(nines.label_CK, similarity))
    np.testing.assert_allclose(effects["E_x"].value_C, clarity(embedding), atol=1e-6)
    inside = concordance(nines.label_CK, counted_pairs(~nines.at_border_CK))
    np.testing.assert_allclose(effects["G_inside"].value_C, inside)


def test_clarity_of_several_layers_is_that_of_each():
    """Cosines are kept by layer; channels of the second layer must not be compared with places of the first."""
    rng = np.random.default_rng(0)
    one = simulated_nines(rng.integers(0, CLASSES, 400), rng)
    layer_C = np.repeat([0, 1], 16)
    nines = type(one)(
        ("conv5_1", "conv5_2"), layer_C, one.channel_C, one.image_CK, one.label_CK, one.padding_CK, one.fill_CK
    )
    embedding = rng.normal(size=(32, 9, 4)).astype(np.float32)
    effect = measure_grouping(nines, Likeness(embeddings={"x": embedding}), 19, rng)["E_x"]
    np.testing.assert_allclose(effect.value_C, clarity(embedding), atol=1e-6)
    assert effect.layers == (0, 1)
    np.testing.assert_allclose(effect.expected_L, 0, atol=0.1)


def test_likeness_by_eccentricity_alone_is_no_clarity():
    """Channels look near or far, and images seen at one eccentricity are alike: trades within thirds know that."""
    rng = np.random.default_rng(0)
    nines = simulated_nines(rng.integers(0, CLASSES, 4000), rng, channels=30)
    third_C = np.arange(30) % 3
    eccentricity = third_C[:, None] + rng.random((30, 9))
    embedding = (rng.normal(size=(30, 9, 4)) + 2 * np.eye(4)[third_C][:, None]).astype(np.float32)
    embedding -= embedding.mean((0, 1))
    free, bound = (
        measure_grouping(nines, Likeness(embeddings={"x": embedding}, eccentricity_CK=each), 99, rng)["E_x"]
        for each in (None, eccentricity)
    )
    np.testing.assert_array_equal(free.value_C, bound.value_C)
    assert free.p_L[0] == 0.01
    assert free.delta_L[0] > 0.2
    assert abs(bound.delta_L[0]) < 0.05
    assert bound.p_L[0] > 0.05


def test_duplicates_do_not_count():
    nines, effects = measured(hash_CK=np.zeros((32, 9), np.uint64))
    assert np.isnan(effects["G_without_duplicates"].value_C).all()
    (row,) = [
        row for row in grouping_table(nines, effects, "v", "n").to_pylist() if row["measure"] == "G_without_duplicates"
    ]
    assert row["channels"] == 0
    assert np.isnan(row["mean"])


def test_the_table_has_a_row_per_layer_and_measure():
    nines, effects = measured()
    table = grouping_table(nines, effects, "cartesian", "trained")
    assert table.schema == SCHEMA
    row = table.to_pylist()[0]
    assert (row["view"], row["network"], row["layer"], row["measure"]) == ("cartesian", "trained", "conv5_2", "G")
    assert (row["channels"], row["samples"]) == (32, 49)
    assert row["delta"] == pytest.approx(row["mean"] - row["expected"])
    assert row["delta"] > 3 * row["sd"]
    assert row["p"] == row["holm"] == 0.02
    assert row["significant_share"] == pytest.approx(0.25, abs=0.04)


def test_channels_keep_value_z_p_and_q():
    nines, effects = measured()
    table = channel_effects(nines, effects)
    g = table.slice(0, 32)
    assert g["channel"].to_pylist() == list(range(32))
    np.testing.assert_array_equal(g["value"].to_numpy(), effects["G"].value_C)
    assert g["q"].to_numpy()[:8].max() < 0.05 < g["q"].to_numpy()[8:].min()
    assert g["z"].to_numpy()[:8].min() > 3


def test_no_complete_channel_gives_empty_tables():
    nines = measured()[0].only(np.zeros(32, bool))
    effects = measure_grouping(nines, Likeness(), 19, np.random.default_rng(0))
    assert effects == {}
    assert len(grouping_table(nines, effects, "v", "n")) == len(channel_effects(nines, effects)) == 0


def test_independent_images_are_shown():
    assert independent_concordance(np.full(12, 50)) == pytest.approx(49 / 599)
    assert np.isnan(independent_concordance(np.array([5, 3])))
