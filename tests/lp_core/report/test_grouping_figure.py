"""`grouping_figure`: the smooth density of G is that of its kernel, and marks stand at the numbers."""

import math
import re

import numpy as np
import pytest

from lp_core.report.grouping_figure import BANDWIDTH, LayerGrouping, density, grouping_figure


def slow_density(values: list[float], at: float) -> float:
    total = 0.0
    for value in values:
        for mirrored in (value, -value, 2 - value):
            total += math.exp(-((at - mirrored) ** 2) / (2 * BANDWIDTH**2))
    return total


def test_density_is_the_mirrored_kernel_estimate() -> None:
    values, at = [0.0, 3 / 36, 3 / 36, 1.0], np.linspace(0, 1, 37)
    slow = np.array([slow_density(values, x) for x in at])
    assert density(np.array(values), at) == pytest.approx(slow / slow.max())


def test_a_layer_or_a_view_may_be_missing() -> None:
    grouping = LayerGrouping(value_C=np.array([0.1, 0.2]), expected=0.05, sd=0.01)
    svg = grouping_figure({"log_polar": {"conv5_2": grouping}}, ["conv1_1", "conv5_2"])
    assert "conv1_1" in svg
    assert re.search(r"var\(--log-polar", svg)
    assert "var(--cartesian" not in svg
