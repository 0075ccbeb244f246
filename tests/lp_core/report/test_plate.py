import numpy as np

from lp_core.report.plate import blank, content, fitted, fitting, locator


def test_text_is_written_within_its_place() -> None:
    long = fitting("Mexican hairless\nor any other <b>dog</b> of a long name", 80, 12)
    assert long.startswith("Mexican")
    assert long.endswith("…")
    assert fitting("a\tb\x00c\u202ed", 500, 12) == "a b c d"
    assert fitting("x" * 100_000, 80, 12).endswith("…")
    assert fitting("anything", 0, 12) == "…"
    assert fitting("", 80, 12) == ""


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
