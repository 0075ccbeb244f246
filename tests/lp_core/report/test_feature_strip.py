"""`feature_strip`: features by rank, a row for each kind, and no patches."""

import numpy as np
import pytest

from lp_core.report.atlas import TILE
from lp_core.report.feature_strip import feature_strip
from lp_core.report.tile import Tile


@pytest.mark.parametrize(("view", "rows"), [("cartesian", 1), ("log_polar", 2)])
def test_features_stand_at_their_rank(view, rows: int) -> None:
    def grey(value: int) -> np.ndarray:
        picture = np.full((8, 8, 4), value, np.uint8)
        picture[..., 3] = 255
        return picture

    tiles = [Tile(rank, "hen", 1.0, grey(50 + rank), grey(200), grey(100 + rank), grey(200)) for rank in (0, 4)]
    strip = feature_strip(tiles, view)
    assert strip.shape == (rows * TILE, 9 * TILE, 3)
    first = [50] if view == "cartesian" else [100, 50]
    for row, value in enumerate(first):
        middles = strip[row * TILE + TILE // 2, TILE // 2 :: TILE, 0]
        assert middles.tolist() == [value, 255, 255, 255, value + 4, 255, 255, 255, 255]
