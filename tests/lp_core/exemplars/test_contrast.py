"""`contrast` maps a gradient to grey levels: zero is grey, signs survive, the scale does not matter."""

import numpy as np
import pytest
import torch

from lp_core.exemplars.contrast import gradient_picture


def gradient(seed: int = 0) -> torch.Tensor:
    return torch.randn(3, 20, 24, generator=torch.Generator().manual_seed(seed)) ** 3


def test_zero_is_grey_and_signs_are_kept() -> None:
    g = gradient()
    g[:, :5] = 0
    picture = gradient_picture(g).astype(int)
    assert picture.shape == (20, 24, 3)
    assert (picture[:5] == 128).all()
    difference = np.sign(picture - 128)
    assert ((difference == np.sign(g.numpy().transpose(1, 2, 0))) | (difference == 0)).all()


def test_only_the_strongest_half_percent_is_clipped() -> None:
    picture = gradient_picture(gradient()).astype(int)
    extreme = np.abs(picture - 128) == 127
    assert 0 < extreme.mean() <= 0.01


@pytest.mark.parametrize("factor", [1e-20, 1e-3, 1e20])
def test_the_scale_of_the_gradient_does_not_matter(factor) -> None:
    difference = gradient_picture(gradient() * factor).astype(int) - gradient_picture(gradient())
    assert np.abs(difference).max() <= 1


def test_the_opposite_gradient_is_the_opposite_picture() -> None:
    total = gradient_picture(gradient()).astype(int) + gradient_picture(-gradient())
    assert np.abs(total - 256).max() <= 1


def test_zeros_around_do_not_change_the_contrast() -> None:
    padded = torch.nn.functional.pad(gradient(), (30, 30, 30, 30))
    np.testing.assert_array_equal(gradient_picture(padded)[30:-30, 30:-30], gradient_picture(gradient()))


def test_each_picture_of_a_batch_is_scaled_by_itself() -> None:
    batch = torch.stack([gradient(0), 100 * gradient(1)])
    np.testing.assert_array_equal(gradient_picture(batch), [gradient_picture(one) for one in batch])


@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 3, 4, 5), (0, 3, 4, 5)])
def test_no_gradient_is_all_grey(shape) -> None:
    picture = gradient_picture(torch.zeros(shape))
    assert picture.dtype == np.uint8
    assert picture.shape == (*shape[:-3], 4, 5, 3)
    assert (picture == 128).all()
