"""`panel` draws a channel's panel: features left, patches right, each in the place of its rank."""

import itertools

import numpy as np
import pytest

from lp_core.report.panel import Geometry, panel
from lp_core.report.picture import Picture, hatch
from lp_core.report.sheet import Sheet
from lp_core.report.tile import Tile
from lp_core.settings import ViewName

SIDE = 112


def flat(colour: tuple[int, ...], side: int = 40) -> Picture:
    return np.broadcast_to(np.array(colour, np.uint8), (side, side, len(colour))).copy()


def tile(rank: int, **changes: object) -> Tile:
    values: dict[str, object] = {
        "rank": rank,
        "class_name": f"class {rank}",
        "activation": 10.0 - rank,
        "feature": flat((200, 0, 0)),
        "patch": flat((0, 0, 200)),
        "mapped_feature": flat((0, 200, 0, 255)),
        "mapped_patch": flat((200, 200, 0, 255)),
    }
    return Tile(**(values | changes))  # type: ignore[arg-type]


def drawn(picture: Picture, view: ViewName, row: int, column: int, rank: int) -> Picture:
    left, top = Geometry(view, SIDE).corner(row, column, rank)
    return picture[top : top + SIDE, left : left + SIDE]


@pytest.mark.parametrize("rank", range(9))
def test_feature_left_and_patch_right_in_the_place_of_the_rank(rank: int) -> None:
    picture = panel([tile(rank)], "cartesian")
    assert (drawn(picture, "cartesian", 0, 0, rank) == (200, 0, 0)).all()
    assert (drawn(picture, "cartesian", 0, 1, rank) == (0, 0, 200)).all()


def test_log_polar_stands_beneath_what_is_mapped_back() -> None:
    picture = panel([tile(4)], "log_polar")
    colours = [[(0, 200, 0), (200, 200, 0)], [(200, 0, 0), (0, 0, 200)]]
    for row in (0, 1):
        for column in (0, 1):
            assert (drawn(picture, "log_polar", row, column, 4) == colours[row][column]).all()


@pytest.mark.parametrize("side", [112, 336])
@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
def test_words_of_the_legend_keep_apart(view: ViewName, side: int, monkeypatch) -> None:
    spans: dict[float, list[tuple[float, float]]] = {}
    write = Sheet.write

    def noting(sheet: Sheet, position, *arguments, **options) -> float:
        width, (x, y) = write(sheet, position, *arguments, **options), position
        spans.setdefault(y, []).append((x - width, x) if options.get("anchor") == "rm" else (x, x + width))
        return width

    monkeypatch.setattr(Sheet, "write", noting)
    panel([tile(0)], view, tile=side)
    legend = sorted(spans[max(spans)])
    assert len(legend) == {"cartesian": 2, "log_polar": 3}[view]
    gap = Geometry(view, side).gutter / 2
    assert all(end + gap <= start for (_, end), (start, _) in itertools.pairwise(legend)), legend


def test_padding_is_hatched_and_light() -> None:
    patch = flat((9, 9, 9, 255))
    patch[:, :20] = 0
    shown = drawn(panel([tile(0, patch=patch)], "cartesian"), "cartesian", 0, 1, 0)
    pattern = np.asarray(hatch(SIDE, SIDE))
    np.testing.assert_array_equal(shown[:, : SIDE // 2 - 8], pattern[:, : SIDE // 2 - 8])
    assert pattern.min() >= 200
    assert len(np.unique(pattern.reshape(-1, 3), axis=0)) == 2


def test_empty_places_are_outlined_and_hold_a_word() -> None:
    picture = panel([tile(0)], "cartesian")
    empty = drawn(picture, "cartesian", 0, 1, 5)
    assert (empty[1:40, 1:-1] == 255).all(), "nothing above the word"
    assert (empty[44:68, 10:-10] < 200).any(), "the word"
    assert 0.3 < (empty[0] < 255).all(axis=1).mean() < 0.7, "a dashed line"


def test_few_pixels_stay_pixels() -> None:
    checks = np.indices((3, 3)).sum(0)[..., None].repeat(3, 2) % 2 * 255
    picture = panel([tile(0, patch=checks.astype(np.uint8))], "cartesian")
    assert set(np.unique(drawn(picture, "cartesian", 0, 1, 0))) == {0, 255}


def test_mapped_back_is_cut_to_what_was_mapped() -> None:
    mapped = np.zeros((100, 100, 4), np.uint8)
    mapped[70:90, 10:30] = (5, 6, 7, 255)
    picture = panel([tile(0, mapped_patch=mapped)], "log_polar")
    assert (drawn(picture, "log_polar", 0, 1, 0) == (5, 6, 7)).all()


def test_a_part_too_small_for_any_pixel_is_named() -> None:
    nothing = np.zeros((40, 40, 4), np.uint8)
    shown = drawn(panel([tile(0, mapped_patch=nothing)], "log_polar"), "log_polar", 0, 1, 0)
    assert (shown[44:68, 6:-6] < 200).any(), "the words"


def test_larger_panels_have_the_same_proportions() -> None:
    small, large = panel([tile(0)], "cartesian"), panel([tile(0)], "cartesian", tile=336)
    assert large.shape == (3 * small.shape[0], 3 * small.shape[1], 3)


def test_same_input_same_bytes() -> None:
    tiles = [tile(rank, feature=flat((rank, 0, 0), 164)) for rank in range(9)]
    first = panel(tiles, "log_polar", title="conv5_2, channel 3")
    assert panel(tiles[::-1], "log_polar", title="conv5_2, channel 3").tobytes() == first.tobytes()


def test_a_panel_names_its_rule() -> None:
    assert (panel([tile(0)], "cartesian", rule="deconvnet") != panel([tile(0)], "cartesian")).any()


@pytest.mark.parametrize(
    ("tiles", "message"),
    [
        ([tile(0), tile(0)], "at most once"),
        ([tile(9)], "at most once"),
        ([tile(0, mapped_patch=None)], "no patch, mapped back"),
        ([tile(0, patch=np.zeros((4, 4), np.uint8))], r"\[4, 4\]"),
        ([tile(0, patch=np.zeros((4, 4, 3)))], "float64"),
    ],
)
def test_what_cannot_be_drawn_is_named(tiles: list[Tile], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        panel(tiles, "log_polar", title="conv1_1, channel 0")
