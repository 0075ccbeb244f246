"""`gallery` writes the data of the gallery page: every channel by rank, plain ASCII, rings of the map."""

import json
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lp_core.images.log_polar import LogPolarMap
from lp_core.network.receptive_field import Box
from lp_core.report.atlas import feature_rows
from lp_core.report.contents import EvolutionStrip, ReportData, ViewReport
from lp_core.report.gallery import gallery_data
from lp_core.report.page import write_report
from lp_core.report.tile import Tile

PIXEL = np.zeros((1, 1, 3), np.uint8)
HOSTILE = "</script><img src=x>\u2028'\"&"


def row(layer: str, channel: int, rank: int, name: str | None) -> dict[str, Any]:
    known = name is not None
    place = {"unit_row": 1, "unit_col": 2, "rf_top": -3, "rf_left": 4, "rf_bottom": 10, "rf_right": 17}
    return {
        "layer": layer,
        "channel": channel,
        "rank": rank,
        "activation": 12.34567 if known else 0.0,
        "class_name": name,
        "image_id": f"image {rank}" if known else None,
        **(place if known else dict.fromkeys(place)),
    }


@pytest.fixture
def data() -> ReportData:
    exemplars = [row("conv1_1", 5, 1, "hen"), row("conv1_1", 5, 0, HOSTILE), row("conv1_1", 6, 0, None)]
    exemplars.append(row("conv1_1", 7, 0, "a class of a channel without a panel"))
    panels = {"conv1_1": {5: "../cartesian/panels/conv1_1/5.png"}}
    boxes = [Box(-3, 4, 9, 10), None]
    five = feature_rows("conv1_1", 5, [Tile(r, "", 1.0, PIXEL, PIXEL, effective=boxes[r]) for r in (0, 1)], "a.webp", 0)
    six = feature_rows("conv1_1", 6, [], "b.webp", 3)
    return ReportData(
        title="t",
        classes=3,
        views={
            "cartesian": ViewReport(
                evaluation={}, panels=panels, exemplars=exemplars, features=five, folder="../cartesian"
            ),
            "log_polar": ViewReport(evaluation={}, exemplars=exemplars, features=five + six, folder="../log_polar"),
        },
        log_polar_map=LogPolarMap(size=(64, 64), sectors=64, rings=64),
    )


def argument(script: bytes) -> Any:
    """What a data script hands to its function."""
    text = script.decode()
    found = re.fullmatch(r'logpolar(?:Index\(|Layer\("conv1_1", )(.*)\);\n', text)
    assert found is not None, text
    return json.loads(found[1])


def test_a_layer_holds_what_was_drawn_by_rank(data: ReportData) -> None:
    files = gallery_data(data)
    assert set(files) == {"gallery/index.js", "gallery/layers/conv1_1.js"}
    index, layer = argument(files["gallery/index.js"]), argument(files["gallery/layers/conv1_1.js"])
    assert index["layers"] == ["conv1_1"]
    assert index["classes"] == sorted([HOSTILE, "hen"])
    assert layer["channels"] == [5, 6]
    cartesian = layer["views"]["cartesian"]
    assert cartesian["panels"] == ["../cartesian/panels/conv1_1/5.png", None]
    assert (cartesian["sheets"], cartesian["places"]) == (["../cartesian/a.webp"], [[0, 0], None])
    log_polar = layer["views"]["log_polar"]
    assert log_polar["sheets"] == ["../log_polar/a.webp", "../log_polar/b.webp"]
    assert log_polar["places"] == [[0, 0], [1, 3]], "a channel without exemplars has its place, too"
    best, second = cartesian["exemplars"][0]
    assert index["classes"][best[0]] == HOSTILE
    assert best[1:] == [0, 12.35, "image 0", 1, 2, -3, 4, 10, 17, -3, 4, 9, 10]
    assert second[10:] == [None] * 4, "no gradient, no effective receptive field"
    norm = [row | {"gradient_norm": 2.34567} for row in data.views["cartesian"].features]
    drawn = replace(data, views={"cartesian": replace(data.views["cartesian"], features=norm)})
    [best, _] = argument(gallery_data(drawn)["gallery/layers/conv1_1.js"])["views"]["cartesian"]["exemplars"][0]
    assert best[10:] == [-3, 4, 9, 10, 2.35]
    assert index["classes"][second[0]] == "hen"
    assert cartesian["exemplars"][1] == [], "a place that no image took is not an exemplar"


def test_scripts_are_plain_ascii(data: ReportData) -> None:
    for script in gallery_data(data).values():
        assert script.isascii()


def test_edges_between_rings_are_those_of_the_map(data: ReportData) -> None:
    eye = data.log_polar_map
    assert eye is not None
    edges = argument(gallery_data(data)["gallery/index.js"])["map"]["edges"]
    assert len(edges) == 65
    assert edges[0] == 0
    assert edges == sorted(edges)
    outline = eye.sector_outline((0, 10, 16, 20))
    radii = {round(math.hypot(y - eye.centre_yx[0], x - eye.centre_yx[1]), 2) for y, x in outline}
    assert radii == {round(edges[10], 2), round(edges[20], 2)}


def test_page_comes_with_its_program_and_no_script_inside(data: ReportData) -> None:
    for report in data.views.values():
        report.evaluation.update(images=1, top1=0.0, top5=0.0, loss=1.0, top1_ci95=[0, 1], top5_ci95=[0, 1])  # type: ignore[attr-defined]
    files = write_report(data)
    assert b"logpolarIndex" in files["gallery/gallery.js"]
    html = files["gallery.html"].decode()
    for link in re.findall(r'src="([^"]*)"', html):
        assert link in files
    assert re.findall(r"<script[^>]*>(.*?)</script>", html) == [""] * 4


def test_strips_are_there_where_they_were_drawn(data: ReportData) -> None:
    epoch = {"class_name": HOSTILE, "activation": 1.23456, "shared_with_last": 3, "jump": True, "born": False}
    dead = {"class_name": None, "activation": None, "shared_with_last": 0, "jump": False, "born": False}
    strip = EvolutionStrip(
        path="../cartesian/strips/conv1_1/5.webp", epochs=[{"epoch": 0} | dead, {"epoch": 1} | epoch]
    )
    with_strip = replace(data.views["cartesian"], strips={("conv1_1", 5): strip})
    drawn = gallery_data(replace(data, views={**data.views, "cartesian": with_strip}))
    layer, index = argument(drawn["gallery/layers/conv1_1.js"]), argument(drawn["gallery/index.js"])
    [path, epochs], none = layer["views"]["cartesian"]["strips"]
    assert (path, none) == (strip.path, None)
    assert epochs == [[0, None, 0, 0, 0, 0], [1, index["classes"].index(HOSTILE), 1.235, 3, 1, 0]]
    assert "strips" not in layer["views"]["log_polar"]
    assert "strips" not in gallery_data(data)["gallery/layers/conv1_1.js"].decode()
