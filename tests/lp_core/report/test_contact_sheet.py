"""`contact_sheet` lays pictures of one size out in rows."""

import numpy as np
import pytest

from lp_core.report.contact_sheet import contact_sheet, per_row


@pytest.mark.parametrize(("size", "count"), [(224, 70), (64, 3), (1000, 2)])
def test_pictures_of_a_contact_sheet_stand_in_rows(size, count) -> None:
    images = [np.full((size, size, 3), n, np.uint8) for n in range(min(count, per_row(size) ** 2))]
    found = contact_sheet(images)
    columns = per_row(size)
    assert found.shape == (-(-len(images) // columns) * size, columns * size, 3)
    for place, image in enumerate(images):
        down, across = divmod(place, columns)
        np.testing.assert_array_equal(found[down * size :, across * size :][:size, :size], image)
