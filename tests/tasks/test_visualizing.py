"""A recorded activation is found again but for rounding, also that of a nearly silent channel."""

from tasks.visualizing import found_again


def test_a_nearly_silent_unit_rounds_like_the_large_ones_of_its_layer():
    assert found_again({"activation": 0.000170251, "layer_largest": 1.63}, 0.000170067)
    assert not found_again({"activation": 0.000170251, "layer_largest": 1.63}, 0.0002)
    assert not found_again({"activation": 1.0, "layer_largest": 1.63}, 1.001)
