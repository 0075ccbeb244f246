"""`layer_evolution`: medians of planted births, overlap at chance where channels are permuted, depth against birth."""

import numpy as np
import pytest

from lp_core.findings.evolution import Checkpoint
from lp_core.findings.layer_evolution import depth_correlation, evolution_values, layer_births, layer_table
from lp_core.measures.overlap import chance_overlap
from lp_core.network.layers import conv_layers
from tests.lp_core.findings.evolving import EPOCHS, nines, planted_history, with_activity

LAYERS = tuple(conv_layers())
RATES = [0.1] * len(EPOCHS)


def distances(left_E: list[float]) -> dict[str, np.ndarray]:
    return dict.fromkeys(LAYERS, np.array(left_E))


def test_medians_are_those_planted_and_deeper_is_later() -> None:
    births = {layer: [EPOCHS[number // 4]] * 10 for number, layer in enumerate(LAYERS)}
    history = planted_history(births, np.random.default_rng(0))
    found = layer_births(history, seed=0)
    assert found["median"].to_pylist() == [EPOCHS[number // 4] for number in range(13)]
    assert found["clusters"].to_pylist() == [10] * 13
    layers = layer_table(history, history[-1].nines, distances([1, 0.5, 0.25, 0.1, 0]), RATES)
    values = evolution_values("cartesian", layers, found)
    rho = values["cartesian", "all", "evolution.depth_birth_rho"]
    assert rho > 0.95
    assert values["cartesian", "all", "evolution.depth_birth_rho.by_weights"] == pytest.approx(rho)
    assert values["cartesian", "conv5_3", "evolution.median_birth"] == 4
    # Where each layer's weights had gone as far at its birth, the order of layers is that of the weights alone.
    frozen = {layer: np.where(np.array(EPOCHS) < EPOCHS[number // 4], 0.9, 0.2) for number, layer in enumerate(LAYERS)}
    alike = evolution_values("cartesian", layer_table(history, history[-1].nines, frozen, RATES), found)
    assert ("cartesian", "all", "evolution.depth_birth_rho.by_weights") not in alike


def test_the_rows_of_a_layer_lie_between_chance_and_ceiling() -> None:
    rng = np.random.default_rng(0)
    history = planted_history({"conv5_2": [2] * 20 + [8] * 20}, rng)
    last = history[-1].nines
    other = last.image_CK.copy()
    other[:, 7:] = rng.integers(10**6, 10**7, (40, 2))  # another crop finds seven of nine again
    ceiling = nines(last.layers, last.layer_C, last.channel_C, other)
    rows = layer_table(history, ceiling, distances([1, 1, 1, 1, 0]), RATES).to_pylist()
    assert {row["ceiling"] for row in rows} == {7.0}
    assert rows[2]["overlap"] == pytest.approx(4.5, abs=0.1)
    assert rows[2]["chance"] == pytest.approx(chance_overlap(history[2].nines.image_CK, last.image_CK))
    assert rows[2]["normalised_overlap"] == pytest.approx(
        (rows[2]["overlap"] - rows[2]["chance"]) / (7 - rows[2]["chance"])
    )
    assert [row["unborn_share"] for row in rows] == [1.0, 1.0, 0.5, 0.5, 0.5]
    assert [row["jump_share"] for row in rows][1:] == pytest.approx([1.0, 1.0, 0.5, 0.5], abs=0.05)


def test_permuted_channels_are_at_chance() -> None:
    history = planted_history({"conv5_2": [0] * 200}, np.random.default_rng(0))
    permuted = [
        Checkpoint(each.epoch, nines(each.nines.layers, each.nines.layer_C, each.nines.channel_C, image_CK), {})
        for each in history[:-1]
        for image_CK in [np.roll(each.nines.image_CK, 1, axis=0)]
    ]
    rows = layer_table([*permuted, history[-1]], history[-1].nines, distances([1, 1, 1, 1, 0]), RATES).to_pylist()
    assert all(abs(row["normalised_overlap"]) < 0.02 for row in rows[:-1])
    assert layer_births([*permuted, history[-1]], 0)["censored_share"].to_pylist() == [1.0]


def test_activation_that_turns_drifts_and_activation_that_stays_does_not() -> None:
    rng = np.random.default_rng(0)
    history = planted_history({"conv5_2": [0] * 30}, rng)
    turned = [with_activity(each, rng, side=0.9 if each.epoch else -0.9) for each in history]
    rows = layer_table(turned, history[-1].nines, distances([1, 1, 1, 1, 0]), RATES).to_pylist()
    assert rows[0]["angle_drift"] == pytest.approx(0.9, abs=0.1)
    assert rows[3]["angle_drift"] < 0.15
    assert rows[-1]["angle_drift"] == rows[-1]["radius_drift"] == 0


def test_a_layer_without_complete_channels_has_no_numbers() -> None:
    history = planted_history({"conv5_2": [0] * 5}, np.random.default_rng(0))
    for checkpoint in history:
        checkpoint.nines.image_CK[:, 5:] = -1
    [row] = layer_births(history, 0).to_pylist()
    assert (row["channels"], row["clusters"]) == (0, 0)
    assert np.isnan(row["median"])
    layers = layer_table(history, history[-1].nines, distances([1, 1, 1, 1, 0]), RATES)
    assert evolution_values("cartesian", layers, layer_births(history, 0)) == {}


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 2, 3], 1), ([3, 2, 1], -1), ([1, np.nan, 2, 3], 1), ([1, 1, 1], np.nan), ([1, 2], np.nan)],
)
def test_depth_correlates_or_has_no_number(values, expected) -> None:
    assert depth_correlation(values) == pytest.approx(expected, nan_ok=True)
