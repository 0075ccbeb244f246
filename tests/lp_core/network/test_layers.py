"""`primary_layer`: the specification's layer, or the last one of a network that has other names."""

import pytest

from lp_core.network.layers import primary_layer, vgg


@pytest.mark.parametrize("depth", [11, 13, 16, 19])
def test_every_vgg_has_that_of_the_specification(depth):
    assert primary_layer(list(vgg(depth).channels)) == "conv5_2"


@pytest.mark.parametrize("layers", [["features.0"], ["features.0", "features.3"], ["b", "a"]])
def test_other_networks_have_their_last_one(layers):
    assert primary_layer(layers) == layers[-1]
