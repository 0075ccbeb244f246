"""Layers of a report come in the order of the network, whatever their names."""

import pytest

from lp_core.network.accuracy import Counts
from lp_core.report.contents import ReportData, ViewReport
from lp_core.report.run_data import network_words
from lp_core.settings import NetworkSettings


@pytest.mark.parametrize(
    "layers",
    [("conv1_1", "conv1_2", "conv5_4"), ("features.0", "features.3", "features.10"), ("0.7", "2.1", "10.0")],
)
def test_layers_ascend_by_the_numbers_in_their_names(layers) -> None:
    panels = {layer: {1: "1.png"} for layer in layers[::-1]}
    views = {"cartesian": ViewReport(evaluation=Counts(10, 1, 5, 20.0).summary(), panels=panels)}
    assert list(ReportData(title="t", classes=10, views=views).layers()) == list(layers)


def test_layers_stand_as_in_the_exemplars() -> None:
    """Names of modules need not ascend: `stem`, `body.1`, `body.0` is an order, too."""
    layers = ("stem", "body.1", "body.0", "0")
    panels = {layer: {1: "1.png"} for layer in ("not scanned", *layers[::-1])}
    exemplars = [{"layer": layer, "channel": 1, "rank": rank} for layer in layers for rank in range(2)]
    views = {"cartesian": ViewReport(evaluation={}, panels=panels, exemplars=exemplars)}
    assert list(ReportData(title="t", classes=10, views=views).layers()) == [*layers, "not scanned"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (NetworkSettings(), "VGG-16 without batch normalisation"),
        (NetworkSettings(depth=11), "VGG-11 without batch normalisation"),
        (NetworkSettings(modules="a Conv2d 3 4 3 1 1 1 1; a.relu ReLU; f Flatten; l Linear 4 2"), "1 layer, a"),
        (
            NetworkSettings(modules="a Conv2d 3 4 3 1 1 1 1; a.relu ReLU; b Conv2d 4 4 3 1 1 1 1; b.relu ReLU"),
            "2 layers, a to b",
        ),
    ],
)
def test_a_report_says_which_network_it_is_about(settings: NetworkSettings, words: str) -> None:
    assert network_words(settings) == words
