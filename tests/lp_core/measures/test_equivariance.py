"""Turns without resampling: quarter turns for both views, rolls of rows for the log-polar one."""

import pytest

from lp_core.measures.equivariance import turns


def test_an_ordinary_image_makes_quarter_turns() -> None:
    assert [(turn.degrees, turn.quarters, turn.rows) for turn in turns("cartesian", 48)] == [
        (90.0, 1, 0),
        (180.0, 2, 0),
        (270.0, 3, 0),
    ]


@pytest.mark.parametrize(
    ("size", "rows"),
    [
        (224, [1, 2, 4, 8, 16, 32, 56, 112, 168]),
        (64, [1, 2, 4, 8, 16, 32, 48]),
        (48, [1, 2, 4, 8, 12, 24, 36]),
        (50, [1, 2, 4, 8]),  # a quarter of the circle is no whole number of rows
    ],
)
def test_rows_of_a_log_polar_image_are_rolled(size, rows) -> None:
    found = turns("log_polar", size)
    assert [turn.rows for turn in found] == rows
    assert [turn.degrees for turn in found] == [360 * number / size for number in rows]
    assert not any(turn.quarters for turn in found)
    assert [turn.degrees for turn in found if turn.is_quarter] == ([90, 180, 270] if size % 4 == 0 else [])
