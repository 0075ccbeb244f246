"""A square of a crop is the crop itself at a share of 1, and a window of the finer crop about its centre otherwise."""

import numpy as np
import pytest

from lp_core.images.crop import centre_crop, resize_crop
from lp_core.images.square import square_about

PHOTOGRAPH = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
CROP = centre_crop(90, 120, 0.875)


def test_the_whole_crop_is_the_network_input():
    expected = resize_crop(PHOTOGRAPH, CROP, 64)
    np.testing.assert_array_equal(square_about(PHOTOGRAPH, CROP, 64), expected)
    np.testing.assert_array_equal(square_about(PHOTOGRAPH, CROP, 64, 1.0, (31.5, 31.5)), expected)


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("centre_yx", [(15.5, 15.5), (0.0, 31.0), (28.3, 2.7), (-40.0, 5.0), (15.0, 200.0)])
def test_pixel_by_pixel(share, centre_yx):
    size, colour = 32, (1, 2, 3)
    whole = round(size / share)
    fine = resize_crop(PHOTOGRAPH, CROP, whole)
    top, left = (round((at + 0.5) / share - size / 2) for at in centre_yx)
    square = square_about(PHOTOGRAPH, CROP, size, share, centre_yx, colour)
    for y in range(size):
        for x in range(size):
            inside = 0 <= top + y < whole and 0 <= left + x < whole
            assert square[y, x].tolist() == (fine[top + y, left + x].tolist() if inside else list(colour))


def test_the_centre_is_the_point():
    photograph = np.zeros((64, 64, 3), np.uint8)
    photograph[20:22, 40:42] = 255
    square = square_about(photograph, centre_crop(64, 64, 1.0), 64, 0.25, (20.5, 40.5))
    y, x = np.argwhere(square[:, :, 0] > 128).mean(0)
    assert (y, x) == (31.5, 31.5)


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_no_square_of_nothing_or_of_more(share):
    with pytest.raises(ValueError, match=f"a square of {share}"):
        square_about(PHOTOGRAPH, CROP, 32, share)
