"""The conditions: how many, which are shared, that no moved or enlarged crop leaves the photograph."""

import numpy as np
import pytest

from lp_core.images.look import STRAIGHT
from lp_core.measures.tolerance_conditions import ANGLES, MULTI, RADII, base_crop, conditions, fixations, random_mask


def test_the_conditions_are_counted():
    counts = {}
    for condition in conditions():
        counts[condition.transform] = counts.get(condition.transform, 0) + 1
    assert counts == {
        **{"identity": 1, "rotation": 24, "scale": 9, "fixation_crop": 121, "fixation_gaze": 121},
        **{"window": 10, "scotoma": 10, "window_photograph": 10, "scotoma_photograph": 10},
    }
    assert len({condition.seen for condition in conditions()}) == 314
    assert conditions()[0].seen[1] == type(conditions()[0].look)()
    assert ANGLES[12] == 180
    assert RADII[0] == 0.05
    assert RADII[-1] == pytest.approx(1.0)


@pytest.mark.parametrize(("height", "width"), [(375, 500), (64, 64), (333, 251)])
def test_no_crop_of_half_the_side_leaves_the_photograph(height, width):
    for condition in conditions():
        if condition.base == "half":
            crop = condition.look.crop(base_crop("half", height, width, 0.875))
            assert crop.top >= 0
            assert crop.left >= 0
            assert crop.top + crop.height <= height
            assert crop.left + crop.width <= width


@pytest.mark.parametrize("transform", ["fixation_crop", "fixation_gaze"])
def test_averaged_fixations_lie_about_the_middle(transform):
    for number in MULTI:
        places = [(conditions()[k].value, conditions()[k].value_x) for k in fixations(transform, number)]
        assert len(set(places)) == number
        assert places[0] == (0.0, 0.0)
        assert sum(y for y, _ in places) == sum(x for _, x in places) == 0
        assert all(conditions()[k].transform == transform for k in fixations(transform, number))


def test_random_masks_have_the_radii_of_the_test_by_equal_factors_and_the_mean_colour():
    rng = np.random.default_rng(0)
    looks = [random_mask(0.75, rng) for _ in range(4000)]
    masks = [look for look in looks if look != STRAIGHT]
    assert abs(len(masks) / 4000 - 0.75) < 0.03
    assert abs(np.mean([look.mask == "window" for look in masks]) - 0.5) < 0.04
    assert {look.mask_fill for look in masks} == {"mean"}
    share = np.log([look.radius / RADII[0] for look in masks]) / np.log(RADII[-1] / RADII[0])
    assert 0 <= share.min() < 0.01
    assert 0.99 < share.max() <= 1
    np.testing.assert_allclose(np.quantile(share, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], atol=0.03)
    assert set(random_mask(0.0, rng) for _ in range(9)) == {STRAIGHT}
