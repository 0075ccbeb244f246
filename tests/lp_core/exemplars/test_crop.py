"""`exemplars/crop` cuts boxes out of images and pastes them back, across the seam of log-polar images too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_core.exemplars.crop import covered_share, cut, effective_box, inside, paste
from lp_core.network.receptive_field import Box

SHAPE = (6, 5)
_boxes = st.builds(
    lambda top, left, height, width: Box(top, left, top + height, left + width),
    st.integers(-15, 15),
    st.integers(-12, 12),
    st.integers(1, 14),
    st.integers(1, 14),
)


def picture() -> np.ndarray:
    return np.random.default_rng(3).integers(1, 255, (*SHAPE, 3), dtype=np.uint8)


@given(_boxes, st.booleans())
def test_cut_looks_at_one_pixel_after_the_other(box, wraps) -> None:
    whole = picture()
    found, on_picture = cut(whole, box, wraps=wraps)
    for row in range(box.top, box.bottom):
        for col in range(box.left, box.right):
            there = 0 <= col < SHAPE[1] and (wraps or 0 <= row < SHAPE[0])
            expected = whole[row % SHAPE[0], col] if there else np.zeros(3)
            assert on_picture[row - box.top, col - box.left] == there
            np.testing.assert_array_equal(found[row - box.top, col - box.left], expected)


@given(_boxes, st.booleans())
def test_what_was_cut_goes_back_where_it_was(box, wraps) -> None:
    whole = picture()
    back = paste(cut(whole, box, wraps=wraps)[0], box, SHAPE, wraps=wraps)
    covered = back.any(axis=2)
    np.testing.assert_array_equal(back[covered], whole[covered])
    pasted = paste(inside(box, SHAPE, wraps=wraps)[..., None], box, SHAPE, wraps=wraps)
    np.testing.assert_array_equal(covered, pasted[..., 0])


@given(st.lists(_boxes, min_size=1, max_size=5), st.booleans(), st.integers(0, 2**32 - 1))
def test_the_covered_share_is_that_of_the_mask_cut_out(boxes, wraps, seed) -> None:
    mask_SR = np.random.default_rng(seed).random(SHAPE) < 0.4
    expected = [cut(mask_SR[..., None], box, wraps=wraps)[0].mean() for box in boxes]
    np.testing.assert_allclose(covered_share(np.array(boxes), mask_SR, wraps=wraps), expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("share", [0.5, 0.95, 1.0])
def test_the_effective_box_holds_its_share_and_little_more(share) -> None:
    gradient = np.random.default_rng(0).standard_normal((3, 20, 30)) ** 3
    box = Box(-3, 7, 17, 37)
    part = effective_box(gradient, box, share)
    energy = np.square(gradient).sum(0)
    kept = energy[part.top + 3 : part.bottom + 3, part.left - 7 : part.right - 7]
    assert kept.sum() >= share * energy.sum() * (1 - 1e-12)
    assert (part == box) == (share == 1.0)


def test_a_single_spot_has_an_effective_box_of_one_pixel() -> None:
    gradient = np.zeros((3, 9, 9))
    gradient[1, 4, 6] = -2
    assert effective_box(gradient, Box(10, 20, 19, 29)) == Box(14, 26, 15, 27)


def test_no_gradient_leaves_the_whole_box() -> None:
    assert effective_box(np.zeros((3, 4, 4)), Box(0, 0, 4, 4)) == Box(0, 0, 4, 4)
