"""Layers of a report come in the order of the network, whatever their names."""

import pytest

from lp_core.network.accuracy import Counts
from lp_core.report.contents import ReportData, ViewReport


@pytest.mark.parametrize(
    "layers",
    [("conv1_1", "conv1_2", "conv5_4"), ("features.0", "features.3", "features.10"), ("0.7", "2.1", "10.0")],
)
def test_layers_ascend_by_the_numbers_in_their_names(layers) -> None:
    panels = {layer: {1: "1.png"} for layer in layers[::-1]}
    views = {"cartesian": ViewReport(evaluation=Counts(10, 1, 5, 20.0).summary(), panels=panels)}
    assert list(ReportData(title="t", classes=10, views=views).layers()) == list(layers)
