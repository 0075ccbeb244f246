"""`picture` fits pictures into their places without distortion."""

import numpy as np

from lp_core.report.picture import blank, common_windows, content, fitted, locator


def test_a_part_is_shown_where_it_lies_however_small() -> None:
    covered = np.zeros((224, 224), np.uint8)
    covered[200, 20] = 255
    square = np.asarray(locator(covered, 14))
    assert (square[12, 1] < 200).all()
    assert (square[1:12, 1:13] == 255).all()


def test_content_is_the_smallest_square_around_what_is_there() -> None:
    picture = np.zeros((50, 80, 4), np.uint8)
    picture[10:20, 70:75, 3] = 1
    part = content(picture)
    assert part is not None
    assert part.shape == (10, 10, 4)
    assert (part[..., 3] > 0).sum() == 50
    assert content(np.zeros((5, 5, 4), np.uint8)) is None
    picture[...] = 255
    whole = content(picture)
    assert whole is not None
    assert whole.shape == (50, 50, 4), "no square is larger than the picture is high"


def test_oblong_pictures_keep_their_proportions() -> None:
    square = np.asarray(fitted(np.zeros((10, 40, 3), np.uint8), 80, blank(80, 80)))
    assert (square[30:50] == 0).all()
    assert (square[:30] == 255).all()
    assert (square[50:] == 255).all()


def covered(side: int, rows: slice, columns: slice) -> np.ndarray:
    picture = np.zeros((side, side, 4), np.uint8)
    picture[rows, columns] = 255
    return picture


def test_windows_hold_everything_seen_at_one_scale() -> None:
    pictures = [covered(164, slice(60, 108), slice(50, 98)), covered(164, slice(0, 20), slice(134, 164))]
    windows = common_windows(pictures)
    for picture, window in zip(pictures, windows, strict=True):
        part = picture[window]
        assert part.shape[:2] == (60, 60), "48 px and a rim of 6 on both sides"
        assert (part > 0).sum() == (picture > 0).sum()
    assert windows[0] == (slice(54, 114), slice(44, 104))


def test_windows_are_whole_where_one_picture_is() -> None:
    whole, part = covered(40, slice(0, 40), slice(0, 40)), covered(40, slice(0, 5), slice(0, 5))
    assert [
        picture[window].shape for picture, window in zip([whole, part], common_windows([whole, part]), strict=True)
    ] == [
        (40, 40, 4),
        (40, 40, 4),
    ]
    assert common_windows([]) == []
    assert common_windows([whole[:20], part])[1] == (slice(None), slice(None)), "no common scale, so nothing is cut"


def test_windows_of_nothing_at_all_exist() -> None:
    empty = np.zeros((8, 8, 4), np.uint8)
    assert empty[common_windows([empty])[0]].shape == (8, 8, 4)
