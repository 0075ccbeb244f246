"""`atlas` lays pictures out in sheets and records where each one stands."""

import io

import numpy as np
import pytest
from PIL import Image

from lp_core.network.receptive_field import Box
from lp_core.report.atlas import TILE, feature_rows, sheet_picture
from lp_core.report.panel import Geometry, panel
from lp_core.report.picture import webp
from lp_core.report.tile import KINDS, Tile


def tile(rank: int, seed: int = 0) -> Tile:
    pixels = np.random.default_rng([seed, rank]).integers(0, 256, (4, 24, 24, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    return Tile(rank, "hen", 9.0 - rank, *pixels, effective=Box(rank, -1, 9, 8))


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
def test_a_sheet_has_the_pictures_of_the_panels_in_rows(view) -> None:
    channels = [[tile(rank) for rank in range(9)], [], [tile(2, seed=1)]]
    found = sheet_picture(channels, view)
    where = Geometry(view, TILE)
    assert found.shape == (3 * TILE, 9 * len(KINDS[view]) * TILE, 3)
    assert (found[TILE : 2 * TILE] == 255).all(), "a channel without exemplars"
    for row, exemplars in enumerate(channels):
        drawn = panel(exemplars, view)
        for exemplar in exemplars:
            for kind in range(len(KINDS[view])):
                left, top = where.corner(*divmod(kind, 2), exemplar.rank)
                column = 9 * kind + exemplar.rank
                np.testing.assert_array_equal(
                    found[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE],
                    drawn[top : top + TILE, left : left + TILE],
                )


def test_a_sheet_as_webp_is_the_same_picture_to_the_eye() -> None:
    smooth = np.asarray(Image.fromarray(sheet_picture([[tile(0)]], "cartesian")).resize((200, 20)).resize((400, 40)))
    content = webp(smooth)
    assert content == webp(smooth)
    again = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    assert np.abs(again.astype(int) - smooth).mean() < 4


def test_rows_tell_the_place_and_the_effective_receptive_field() -> None:
    rows = feature_rows("conv1_1", 7, [tile(0), tile(3)], "atlas/conv1_1/0000-x.webp", 4)
    assert [row["rank"] for row in rows] == [0, 3]
    assert {row["sheet_row"] for row in rows} == {4}
    assert [rows[1][f"effective_{edge}"] for edge in Box._fields] == [3, -1, 9, 8]
    (row,) = feature_rows("conv1_1", 8, [], "atlas/conv1_1/0000-x.webp", 5)
    assert (row["channel"], row["sheet_row"], row["rank"], row["effective_top"]) == (8, 5, None, None)
