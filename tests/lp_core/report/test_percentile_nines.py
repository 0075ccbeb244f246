"""`percentile_nines`: the channels are at the percentiles, drawn ones first, and the pictures are their patches."""

import numpy as np
import pytest

from lp_core.report.atlas import TILE, feature_rows, sheet_picture
from lp_core.report.contents import ViewReport
from lp_core.report.percentile_nines import percentile_nines
from lp_core.report.picture import webp
from lp_core.report.tile import Tile
from lp_core.storage import Storage


def tile(rank: int, grey: int) -> Tile:
    picture = np.full((8, 8, 4), grey, np.uint8)
    picture[..., 3] = 255
    return Tile(rank, "hen", 1.0, picture // 2, picture)


def test_drawn_channels_are_preferred_among_equals(tmp_path) -> None:
    folder = Storage.at(tmp_path)
    tiles = [tile(rank, 40 + 20 * rank) for rank in range(9)]
    folder.write_bytes("a.webp", webp(sheet_picture([tiles], "cartesian"), quality=100))
    report = ViewReport(evaluation={}, features=feature_rows("conv5_2", 7, tiles, "a.webp", 0), folder="../cartesian")
    values = {0: 0.1, 1: 0.1, 3: 0.4, 5: 0.4, 7: 0.4, 8: 0.4, 9: 0.9, 11: 0.9}
    rows = [{"layer": "conv5_2", "channel": channel, "G": value} for channel, value in values.items()]
    exemplars = {("conv5_2", 7): [{"class_name": "hen"}] * 9}
    low, middle, high = percentile_nines(rows, exemplars, "cartesian", report, folder)
    assert [(nine.channel, nine.value) for nine in (low, middle, high)] == [(0, 0.1), (7, 0.4), (9, 0.9)]
    assert low.picture is None
    assert high.picture is None
    assert middle.classes == "hen (9)"
    assert middle.picture is not None
    step = TILE + 4
    for rank in range(9):
        down, across = divmod(rank, 3)
        centre = middle.picture[down * step + TILE // 2, across * step + TILE // 2]
        assert int(centre[0]) == pytest.approx(40 + 20 * rank, abs=6)
    assert middle.picture[TILE + 1, TILE + 1, 3] == 0


def test_a_layer_without_complete_channels_has_none(tmp_path) -> None:
    assert percentile_nines([], {}, "cartesian", ViewReport(evaluation={}), Storage.at(tmp_path)) == []
