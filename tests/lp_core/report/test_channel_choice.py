"""`channel_choice` takes the channels that the settings name, and a few random ones of every other layer."""

from dataclasses import replace

import pytest

from lp_core.errors import LogpolarError
from lp_core.network.layers import conv_channels
from lp_core.report.channel_choice import chosen_channels
from lp_core.settings import VisualizeSettings


def chosen(recipe, **settings):
    return chosen_channels(replace(recipe, visualize=VisualizeSettings(**settings)))


def test_ten_of_one_layer_and_a_few_of_every_other(small_recipe):
    recipe = replace(small_recipe, network=replace(small_recipe.network, width=0.25))
    found = chosen(recipe, few=3)
    assert {layer: len(numbers) for layer, numbers in found.items()} == {
        layer: 10 if layer == "conv5_2" else 3 for layer in conv_channels(0.25)
    }
    assert found == chosen(recipe, few=3)
    assert found != chosen(replace(recipe, seed=1), few=3)
    for numbers in found.values():
        assert numbers == sorted(set(numbers))


def test_all_or_some_by_number(small_recipe):
    counts = conv_channels(small_recipe.network.width)
    assert chosen(small_recipe, layers=("conv1_1", "conv3_2"), channels="all", few=0) == {
        "conv1_1": list(range(counts["conv1_1"])),
        "conv3_2": list(range(counts["conv3_2"])),
    }
    assert chosen(small_recipe, channels="17, 3", few=0) == {"conv5_2": [3, 17]}


def test_what_does_not_exist_is_named(small_recipe):
    with pytest.raises(LogpolarError, match="no layer 'conv5_4'; did you mean conv5_"):
        chosen(small_recipe, layers=("conv5_4",))
    with pytest.raises(LogpolarError, match=r"conv5_2 has channels 0 to 31, 99 was asked for"):
        chosen(small_recipe, channels="99")
    assert sorted(chosen(small_recipe, layers=("all",), channels="0", few=0)) == sorted(
        conv_channels(small_recipe.network.width)
    )
