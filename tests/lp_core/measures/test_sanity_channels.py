"""Tested channels are alive, seeded, and of the layers that the settings name."""

from dataclasses import replace

import pytest

from lp_core.errors import SettingError
from lp_core.measures.sanity_channels import asked_layers, sanity_channels
from lp_core.network.layers import conv_layers
from lp_core.settings import MeasureSettings, NetworkSettings, Recipe

ALIVE = [{"layer": layer, "channel": channel} for layer in conv_layers() for channel in range(1, 40, 2)]


def recipe(**settings) -> Recipe:
    return Recipe(name="any", measure=MeasureSettings(**settings))


def test_channels_are_seeded_and_alive():
    chosen = sanity_channels(recipe(sanity_channels=5), ALIVE)
    assert list(chosen) == ["conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_2"]
    assert all(len(channels) == 5 and channels == sorted(channels) for channels in chosen.values())
    assert all(channel % 2 for channels in chosen.values() for channel in channels)
    assert chosen == sanity_channels(recipe(sanity_channels=5), ALIVE[::-1])
    assert chosen != sanity_channels(replace(recipe(sanity_channels=5), seed=1), ALIVE)


def test_few_channels_are_all_taken_and_dead_layers_left_out():
    few = [row for row in ALIVE if row["layer"] != "conv5_2" and row["channel"] < 6]
    chosen = sanity_channels(recipe(sanity_layers=("all",)), few)
    assert list(chosen) == [layer for layer in conv_layers() if layer != "conv5_2"]
    assert chosen["conv1_1"] == [1, 3, 5]


def test_a_layer_that_does_not_exist_is_refused():
    with pytest.raises(SettingError, match=r"measure\.sanity-layers: no layer 'conv5_4' .did you mean"):
        sanity_channels(recipe(sanity_layers=("conv5_4",)), ALIVE)


def test_layers_are_those_of_the_network():
    other = replace(recipe(sanity_layers=("conv3_2", "conv1_1")), network=NetworkSettings(depth=11))
    assert list(sanity_channels(other, ALIVE)) == ["conv1_1", "conv3_2"]
    other = replace(other, measure=MeasureSettings(sanity_layers=("conv1_2",)))
    with pytest.raises(
        SettingError, match=r"measure\.sanity-layers: no layer 'conv1_2'.*; there are all, conv1_1, conv2_1, conv3_1"
    ):
        sanity_channels(other, ALIVE)


def usual(**network) -> list[str]:
    return asked_layers(replace(recipe(), network=NetworkSettings(**network)))


def test_other_networks_have_the_last_layer_before_each_pool_tested():
    assert usual(depth=11) == ["conv1_1", "conv2_1", "conv3_2", "conv4_2", "conv5_2"]
    assert usual(depth=13) == ["conv1_2", "conv2_2", "conv3_2", "conv4_2", "conv5_2"]
    assert usual(depth=16) == usual(depth=19) == ["conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_2"]
    parts = [f"c{index} Conv2d 3 3 3 1 1 1 1; r{index} ReLU" for index in range(9)]
    pool = "p MaxPool2d 2 2 0 1 0"
    assert usual(modules="; ".join([*parts[:2], pool, *parts[2:6], pool, *parts[6:8]])) == ["c1", "c5", "c7"]
    assert usual(modules="; ".join(parts)) == ["c0", "c2", "c4", "c6", "c8"]
    assert usual(modules=parts[0]) == ["c0"]
    pooled = "; ".join(f"{part}; {pool}" for part in parts[:7])
    assert usual(modules=pooled) == ["c0", "c2", "c3", "c4", "c6"]
