"""`contact_sheet` lays pictures of one size out in rows."""

import numpy as np
import pytest

from lp_core.report.contact_sheet import contact_sheet, per_row
from lp_core.settings import ViewSettings


@pytest.mark.parametrize(("size", "count"), [(224, 70), (64, 3), (1000, 2)])
def test_pictures_of_a_contact_sheet_stand_in_rows(size, count) -> None:
    columns = per_row(ViewSettings(size=size))
    images = [np.full((size, size, 3), n, np.uint8) for n in range(min(count, columns**2))]
    found = contact_sheet(images, columns)
    assert found.shape == (-(-len(images) // columns) * size, columns * size, 3)
    for place, image in enumerate(images):
        down, across = divmod(place, columns)
        np.testing.assert_array_equal(found[down * size :, across * size :][:size, :size], image)


@pytest.mark.parametrize(("height", "width"), [(128, 32), (32, 128)])
def test_pictures_of_another_shape_stand_in_the_middle_of_squares(height, width) -> None:
    columns = per_row(ViewSettings(size=64, sectors=height))
    assert columns == 1792 // 128
    images = [np.full((height, width, 3), n, np.uint8) for n in range(columns + 1)]
    found = contact_sheet(images, columns)
    assert found.shape == (256, columns * 128, 3)
    top, left = (128 - height) // 2, (128 - width) // 2
    for place, image in enumerate(images):
        down, across = divmod(place, columns)
        square = found[down * 128 :, across * 128 :][:128, :128]
        np.testing.assert_array_equal(square[top : top + height, left : left + width], image)
        assert (square == 255).all(axis=2).sum() == 128**2 - height * width
