"""Looks: the identity is exact, quarter turns only move pixels, other looks equal OpenCV and each other, masks hide."""

import cv2
import numpy as np
import pytest

from lp_core.images.crop import Crop, centre_crop
from lp_core.images.look import STRAIGHT, Look, masked
from lp_core.images.network_input import MEAN_COLOUR, log_polar_map, network_input
from lp_core.settings import ViewSettings

VIEWS = ("cartesian", "log_polar")
COMPOSED = ViewSettings(size=64)
TWO_STEP = ViewSettings(size=64, sampling="two-step")
EQUAL = ViewSettings(size=64, equal_information=True)
FISHEYE = ViewSettings(size=64, foveal_scale=4.0, fisheye=True)


@pytest.fixture(scope="module")
def smooth() -> np.ndarray:
    """A photograph without edges: what maps differ by is their positions, not their antialiasing."""
    noise = np.random.default_rng(0).integers(0, 256, (24, 27, 3), dtype=np.uint8)
    return cv2.GaussianBlur(cv2.resize(noise, (216, 192), interpolation=cv2.INTER_CUBIC), (0, 0), 5)


def difference(a, b):
    return np.abs(a.astype(int) - b)


@pytest.mark.parametrize("settings", [COMPOSED, TWO_STEP, EQUAL, FISHEYE])
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("flip", [False, True])
def test_the_identity_changes_no_bit(smooth, view, settings, flip):
    crop = Crop(10, 20, 150, 170, flip)
    whole_turns = Look(rotation=360.0)
    straight = network_input(smooth, crop, view, settings)
    for look in (STRAIGHT, Look(), whole_turns, Look(mask="scotoma", radius=1e-6)):
        np.testing.assert_array_equal(network_input(smooth, crop, view, settings, look), straight)


@pytest.mark.parametrize("quarters", [1, 2, 3, -1])
def test_quarter_turns_are_rot90_and_a_roll(smooth, quarters):
    crop, look = centre_crop(192, 192, 0.875), Look(rotation=90.0 * quarters)
    square = smooth[:, :192]
    turned = np.rot90(square, quarters).copy()
    for settings in (COMPOSED, TWO_STEP):
        cartesian = network_input(square, crop, "cartesian", settings)
        seen = network_input(square, crop, "cartesian", settings, look)
        np.testing.assert_array_equal(seen, np.rot90(cartesian, quarters))
        rolled = np.roll(network_input(square, crop, "log_polar", settings), -quarters * 16, axis=0)
        seen = network_input(square, crop, "log_polar", settings, look)
        np.testing.assert_array_equal(seen, rolled)
        error = difference(network_input(turned, crop, "log_polar", settings), seen)
        assert error.max() <= 1  # positions of the turned photograph round otherwise in float32


@pytest.mark.parametrize("degrees", [15.0, 40.0, 200.0, 345.0])
@pytest.mark.parametrize("settings", [COMPOSED, TWO_STEP])
def test_rotations_are_those_of_a_photograph_turned_by_opencv(smooth, degrees, settings):
    square = smooth[:, :192]
    crop = centre_crop(192, 192, 1.0)
    to_turned = cv2.getRotationMatrix2D((95.5, 95.5), degrees, 1.0)
    turned = cv2.warpAffine(square, to_turned, (192, 192), flags=cv2.INTER_CUBIC)
    within = np.hypot(*(np.indices((64, 64)) - 31.5)) < 30
    seen, expected = (
        network_input(square, crop, "cartesian", settings, Look(rotation=degrees)),
        network_input(turned, crop, "cartesian", settings),
    )
    assert difference(seen, expected)[within].max() <= 2
    rings = log_polar_map(settings).radius_of(np.arange(64)) < 29
    seen, expected = (
        network_input(square, crop, "log_polar", settings, Look(rotation=degrees)),
        network_input(turned, crop, "log_polar", settings),
    )
    assert difference(seen, expected)[:, rings].max() <= 4


def test_turning_by_sectors_rolls_rows(smooth):
    crop, straight = (
        centre_crop(192, 216, 0.9),
        network_input(smooth, centre_crop(192, 216, 0.9), "log_polar", COMPOSED),
    )
    for rows in (1, 5, 63):
        seen = network_input(smooth, crop, "log_polar", COMPOSED, Look(rotation=rows * 360 / 64))
        np.testing.assert_array_equal(seen, np.roll(straight, -rows, axis=0))
    # A third of a sector lies between two rows: its image, too, up to linear interpolation.
    seen = network_input(smooth, crop, "log_polar", COMPOSED, Look(rotation=360 / 64 / 3))
    between = (2 * straight.astype(float) + np.roll(straight, -1, axis=0)) / 3
    inside = log_polar_map(COMPOSED).radius_of(np.arange(64)) < 10
    assert difference(seen, between)[:, inside].max() <= 4


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("scale", [0.5, 2**-0.25, 2.0])
def test_a_scaled_look_is_a_crop_of_another_size(smooth, view, scale):
    crop, side = Crop(50, 60, 80, 80), 80 / scale
    other = Crop(90 - side / 2, 100 - side / 2, side, side)
    seen = network_input(smooth, crop, view, COMPOSED, Look(scale=scale))
    assert difference(seen, network_input(smooth, other, view, COMPOSED)).max() <= 1


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("flip", [False, True])
def test_a_moved_crop_is_the_crop_there(smooth, view, flip):
    seen = network_input(smooth, Crop(50, 60, 80, 80, flip), view, COMPOSED, Look(crop_shift_yx=(-0.25, 0.5)))
    np.testing.assert_array_equal(seen, network_input(smooth, Crop(30, 100, 80, 80, flip), view, COMPOSED))


@pytest.mark.parametrize("flip", [False, True])
def test_a_shifted_gaze_sees_the_same_crop_from_elsewhere(smooth, flip):
    """The fovea sees what that of a crop there sees; beyond the crop is the fill."""
    look, crop = Look(gaze_shift_yx=(0.25, -0.125)), Crop(40, 40, 96, 96, flip)
    there = Crop(40 + 24, 40 + (12 if flip else -12), 96, 96, flip)
    shown, expected = (
        network_input(smooth, crop, "cartesian", COMPOSED, look),
        network_input(smooth, there, "cartesian", COMPOSED),
    )
    assert difference(shown, expected)[:47, 9:].max() <= 2
    assert (shown[49:] == MEAN_COLOUR).all()
    assert (shown[:, :7] == MEAN_COLOUR).all()
    shown, expected = (
        network_input(smooth, crop, "log_polar", COMPOSED, look),
        network_input(smooth, there, "log_polar", COMPOSED),
    )
    fovea = log_polar_map(COMPOSED).radius_of(np.arange(64)) < 14
    assert difference(shown, expected)[:, fovea].max() <= 1
    assert (shown[16, log_polar_map(COMPOSED).radius_of(np.arange(64)) > 19] == 0).all()  # row 16 looks down


def test_both_views_of_a_look_show_the_same_picture(smooth):
    """Mapped back, the log-polar image is the ordinary one: rotation, scale and gaze mean the same."""
    look = Look(rotation=33.0, scale=1.3, gaze_shift_yx=(0.1, -0.05), mask="window", radius=0.7)
    settings = ViewSettings(size=64, foveal_scale=8.0)
    back, _ = log_polar_map(settings).unwarp(network_input(smooth, Crop(20, 30, 140, 140), "log_polar", settings, look))
    shown = network_input(smooth, Crop(20, 30, 140, 140), "cartesian", settings, look)
    radius = np.hypot(*(np.indices((64, 64)) - 31.5))
    assert difference(back, shown)[radius < 20].max() <= 4
    assert difference(back, shown)[(radius > 25) & (radius < 30)].max() <= 1
    np.testing.assert_array_equal(
        network_input(
            smooth,
            Crop(20, 30, 140, 140),
            "cartesian",
            ViewSettings(size=64, foveal_scale=8.0, equal_information=True),
            look,
        ),
        back,
    )


@pytest.mark.parametrize("view", VIEWS)
def test_a_disc_is_the_window_of_the_crops_half_side(smooth, view):
    crop = centre_crop(192, 216, 0.875)
    disc, window = (network_input(smooth, crop, view, COMPOSED, Look(mask=mask)) for mask in ("disc", "window"))
    np.testing.assert_array_equal(disc, window)
    assert not np.array_equal(disc, network_input(smooth, crop, view, COMPOSED))


@pytest.mark.parametrize("settings", [COMPOSED, TWO_STEP])
@pytest.mark.parametrize("radius", [0.2, 0.75])
def test_windows_and_scotomas_show_what_the_other_hides(smooth, settings, radius):
    crop = Crop(8, 16, 160, 160)
    ring_R = log_polar_map(settings).radius_of(np.arange(64)) / 32
    eccentricity_HW = np.hypot(*(np.indices((64, 64)) - 31.5)) / 32
    for view, at in (("cartesian", eccentricity_HW), ("log_polar", np.tile(ring_R, (64, 1)))):
        whole = network_input(smooth, crop, view, settings)
        window, scotoma = (
            network_input(smooth, crop, view, settings, Look(mask=mask, radius=radius))
            for mask in ("window", "scotoma")
        )
        within, beyond = at < radius - 0.06, at > radius + 0.12
        np.testing.assert_array_equal(window[within], whole[within])
        np.testing.assert_array_equal(scotoma[beyond], whole[beyond])
        assert (window[beyond] == MEAN_COLOUR).all()
        assert (scotoma[within] == MEAN_COLOUR).all()


def test_masks_are_ellipses_of_the_photograph_where_the_crop_is_no_square():
    image = np.zeros((60, 90, 3), np.uint8)
    shown = masked(image, Crop(10, 20, 40, 60), Look(mask="scotoma", radius=0.5), (1, 2, 3))
    y, x = np.indices((60, 90))
    expected = ((y - 29.5) / 10) ** 2 + ((x - 49.5) / 15) ** 2 <= 1
    np.testing.assert_array_equal(shown[..., 2] == 3, expected)


def test_results_share_no_memory_and_the_photograph_is_not_changed(smooth):
    before = smooth.copy()
    for view in VIEWS:
        first = network_input(smooth, Crop(0, 0, 64, 64), view, COMPOSED, Look(rotation=90, mask="disc"))
        assert first.flags["C_CONTIGUOUS"]
        assert not np.shares_memory(first, smooth)
    np.testing.assert_array_equal(smooth, before)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"scale": 0.0}, "scale is 0"),
        ({"rotation": float("nan")}, "finite"),
        ({"gaze_shift_yx": (0.0, 0.6)}, "gaze_shift_yx is"),
        ({"mask": "square"}, "mask is 'square'"),
        ({"mask": "window", "radius": 0.0}, "radius is 0"),
    ],
)
def test_what_is_out_of_range_is_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        Look(**fields)


@pytest.mark.parametrize("view", VIEWS)
def test_a_look_beside_the_photograph_is_refused(smooth, view):
    with pytest.raises(ValueError, match="lies beside the image of 192 x 216 px"):
        network_input(smooth, Crop(0, 0, 80, 80), view, COMPOSED, Look(crop_shift_yx=(-1.0, 0.0)))


@pytest.mark.parametrize("settings", [COMPOSED, TWO_STEP, EQUAL, FISHEYE, ViewSettings(size=64, fill="mean")])
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("radius", [0.1, 0.4, 1.0])
def test_a_window_on_one_photograph_in_another_is_a_scotoma_of_the_other(smooth, view, settings, radius):
    image, other, crop = smooth[:, :192], smooth[::-1, 24:], Crop(0, 0, 192, 192)
    window, scotoma = (Look(mask=mask, radius=radius, mask_fill="photograph") for mask in ("window", "scotoma"))
    seen = network_input(image, crop, view, settings, window, other)
    np.testing.assert_array_equal(seen, network_input(other, crop, view, settings, scotoma, image))
    for alone in (image, other):
        assert (seen != network_input(alone, crop, view, settings)).any()


def test_a_photograph_that_is_missing_or_of_another_size_is_refused(smooth):
    look, crop = Look(mask="window", radius=0.5, mask_fill="photograph"), Crop(0, 0, 100, 100)
    with pytest.raises(ValueError, match=r"given none; give one of \(100, 100, 3\)"):
        network_input(smooth, crop, "cartesian", COMPOSED, look)
    with pytest.raises(ValueError, match=r"given one of shape \(9, 9, 3\)"):
        network_input(smooth, crop, "cartesian", COMPOSED, look, smooth[:9, :9])
    with pytest.raises(ValueError, match="mask_fill is 'noise'; give one of"):
        Look(mask="window", mask_fill="noise")
