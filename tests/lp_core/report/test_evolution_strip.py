"""`evolution_strip`: epochs from left to right, one row for each kind of picture, white where nothing was active."""

import numpy as np
import pytest

from lp_core.report.atlas import TILE
from lp_core.report.evolution_strip import evolution_strip
from lp_core.report.tile import Tile


@pytest.mark.parametrize(("view", "kinds"), [("cartesian", 2), ("log_polar", 4)])
def test_epochs_stand_side_by_side(view, kinds: int) -> None:
    def grey(value: int) -> np.ndarray:
        picture = np.full((8, 8, 4), value, np.uint8)
        picture[..., 3] = 255
        return picture

    # More epochs than a panel has places, and every best exemplar has rank 0.
    best = [Tile(0, "hen", 1.0, grey(10 + n), grey(50 + n), grey(100 + n), grey(200 + n)) for n in range(12)]
    strip = evolution_strip([*best[:3], None, *best[4:]], view)
    assert strip.shape == (kinds * TILE, 12 * TILE, 3)
    first = [10, 50] if view == "cartesian" else [100, 200, 10, 50]
    for row, value in enumerate(first):
        middles = strip[row * TILE + TILE // 2, TILE // 2 :: TILE, 0]
        assert middles.tolist() == [255 if n == 3 else value + n for n in range(12)]
