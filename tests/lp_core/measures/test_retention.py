"""Retention: sums over a channel's images, under a look and straight; the angle at which half is lost."""

import math

import numpy as np
import pytest

from lp_core.images.crop import centre_crop
from lp_core.measures.retention import (
    STRAIGHT_AT,
    TRANSFORMS,
    half_angle,
    looks_of,
    other_crop,
    retention,
    retention_looks,
)
from lp_core.measures.tolerance_conditions import ANGLES


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_retention_equals_a_slow_twin(transform):
    rng = np.random.default_rng(0)
    value_ML = rng.random((40, len(retention_looks()))).astype(np.float32)
    channel_M = rng.integers(0, 5, 40)
    value_ML[channel_M == 3] = 0  # silent on the other crop
    kept_CL = retention(value_ML, channel_M, 6, transform)
    places = looks_of(transform)
    for channel in range(6):
        for number, place in enumerate(places):
            sums = [
                sum(float(value_ML[item, at]) for item in range(40) if channel_M[item] == channel)
                for at in (place, places[STRAIGHT_AT[transform]])
            ]
            expected = sums[0] / sums[1] if sums[1] else math.nan
            assert kept_CL[channel, number] == pytest.approx(expected, nan_ok=True)
    assert (kept_CL[[0, 1, 2, 4], STRAIGHT_AT[transform]] == 1).all()
    assert np.isnan(kept_CL[[3, 5]]).all()


def test_the_straight_look_of_a_transform_is_no_turn_and_no_scale():
    for transform, place in STRAIGHT_AT.items():
        look = retention_looks()[looks_of(transform)[place]][1]
        assert (look.rotation, look.scale) == (0.0, 1.0)


def test_channels_are_measured_on_another_crop_than_their_images_were_chosen_on():
    """Under every look, also the one that zooms out most."""
    for share in (0.5, 0.875, 1.0):
        chosen = centre_crop(375, 500, share)
        for transform, look in retention_looks():
            shown = look.crop(other_crop(transform, 375, 500, share))
            assert shown.height < 0.82 * chosen.height


def test_the_half_angle_is_the_nearest_of_both_sides():
    angles = np.array(ANGLES)
    kept = np.ones(24)
    kept[angles == 300] = 0.4  # 60 degrees the other way round
    kept[angles == 90] = 0.4
    assert half_angle(kept) == 60
    assert half_angle(np.ones(24)) == math.inf
    kept[0] = 0.5
    assert half_angle(kept) == 0
