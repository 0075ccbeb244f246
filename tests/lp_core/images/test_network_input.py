"""`network_input` warps any crop of any photograph, and equals resize-then-warp where it should."""

import math

import cv2
import numpy as np
import pytest
import torch

from lp_core.errors import SettingError
from lp_core.images.crop import Crop, centre_crop, random_crop, resize_crop
from lp_core.images.log_polar import LogPolarMap
from lp_core.images.look import Look
from lp_core.images.network_input import MEAN_COLOUR, log_polar_map, network_input, sample_composed
from lp_core.images.tensor import InverseLogPolar
from lp_core.network.inputs import MEAN
from lp_core.settings import ViewSettings
from tests.reference import log_polar as twin


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
@pytest.mark.parametrize("sampling", ["composed", "two-step"])
@pytest.mark.parametrize("prefilter", [False, True])
@pytest.mark.parametrize("law", ["monopole", "opencv", "paper-2018"])
def test_any_crop_of_any_photograph(view, sampling, prefilter, law):
    rng = np.random.default_rng(5)
    settings = ViewSettings(size=32, sampling=sampling, prefilter=prefilter, law=law)
    for height, width in ((1, 1), (2, 40), (200, 90), (33, 34)):
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        for crop in (random_crop(height, width, (0.08, 1), (0.75, 1.33), 0.5, rng), centre_crop(height, width, 0.875)):
            result = network_input(image, crop, view, settings)
            assert result.shape == (32, 32, 3)
            assert result.dtype == np.uint8
            assert result.flags["C_CONTIGUOUS"]


def test_two_step_is_resize_then_warp(photographs):
    settings = ViewSettings(sampling="two-step", law="paper-2018", prefilter=False)
    image = photographs[0]
    crop = Crop(10, 20, 200, 240, True)
    expected = log_polar_map(settings).warp(resize_crop(image, crop, 224))
    np.testing.assert_array_equal(network_input(image, crop, "log_polar", settings), expected)


@pytest.mark.parametrize("prefilter", [False, True])
@pytest.mark.parametrize("law", ["monopole", "opencv"])
def test_composed_without_resizing_is_the_warp(prefilter, law):
    image = np.random.default_rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    log_polar = LogPolarMap(size=(64, 64), sectors=48, rings=40, law=law, prefilter=prefilter)
    for flip in (False, True):
        part = image[5:69, 7:71]
        expected = log_polar.warp(part[:, ::-1] if flip else part)
        # warp rounds positions to the grid, `sample_composed` does not
        assert np.abs(sample_composed(image, Crop(5, 7, 64, 64, flip), log_polar) - expected.astype(int)).max() <= 3


def test_results_do_not_share_memory():
    image = np.random.default_rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    first = network_input(image, Crop(0, 0, 80, 90), "log_polar", ViewSettings(size=32))
    kept = first.copy()
    network_input(255 - image, Crop(0, 0, 50, 50), "log_polar", ViewSettings(size=32))
    np.testing.assert_array_equal(first, kept)


def test_composed_is_nearer_to_what_cells_see(photographs):
    """Against 8 x 8 samples of the photograph per cell: at the fovea, in between, and in the periphery."""
    zones = (range(0, 72, 12), range(72, 160, 14), range(179, 224, 6))
    errors = {"composed": [], "two-step": []}
    for image in photographs[:3]:
        crop = centre_crop(*image.shape[:2], 0.875)
        for sampling, found in errors.items():
            settings = ViewSettings(sampling=sampling)
            log_polar = log_polar_map(settings)
            result = network_input(image, crop, "log_polar", settings)
            known = log_polar.warp(np.ones((224, 224), np.float32)) > 0.999
            found.append(
                [
                    np.abs(result[:, list(rings)] - twin.supersampled(image, log_polar, rings, crop))[
                        known[:, list(rings)]
                    ].mean()
                    for rings in zones
                ]
            )
    ours, theirs = (np.mean(errors[sampling], axis=0) for sampling in ("composed", "two-step"))
    assert ours[0] < theirs[0] / 10  # measured 0.4 and 7 grey levels, rounding included
    assert ours[1] < theirs[1] / 3
    assert ours[2] < theirs[2]


def test_fovea_sees_the_photographs_own_pixels():
    """Stripes of one px, four times too fine for the resized crop, are there at the fovea of the composed path only."""
    stripes = np.zeros((896, 896, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = Crop(0, 0, 896, 896)
    contrast = {
        sampling: np.ptp(network_input(stripes, crop, "log_polar", ViewSettings(sampling=sampling))[:, :12].astype(int))
        for sampling in ("composed", "two-step")
    }
    assert contrast["composed"] > 200
    assert contrast["two-step"] < 10


@pytest.mark.parametrize(("sectors", "shape"), [(None, (64, 64)), (64, (64, 64)), (128, (128, 32)), (32, (32, 128))])
def test_settings_reach_the_map(sectors, shape):
    settings = ViewSettings(
        size=64, sectors=sectors, law="opencv", radius="inscribed", foveal_scale=3.0, prefilter=False
    )
    log_polar = log_polar_map(settings)
    assert log_polar == LogPolarMap(
        size=(64, 64),
        sectors=shape[0],
        rings=shape[1],
        law="opencv",
        radius="inscribed",
        foveal_scale=3.0,
        prefilter=False,
    )
    assert log_polar_map(settings) is log_polar


@pytest.mark.parametrize("sampling", ["composed", "two-step"])
@pytest.mark.parametrize("sectors", [128, 32])
def test_an_input_of_another_shape_turns_by_its_own_rows(photographs, sampling, sectors):
    settings = ViewSettings(size=64, sectors=sectors, sampling=sampling)
    crop = centre_crop(*photographs[0].shape[:2], 0.7)
    straight = network_input(photographs[0], crop, "log_polar", settings)
    assert straight.shape == (sectors, 64**2 // sectors, 3)
    turned = network_input(photographs[0], crop, "log_polar", settings, Look(rotation=360 * 5 / sectors))
    np.testing.assert_array_equal(turned, np.roll(straight, -5, axis=0))
    assert network_input(photographs[0], crop, "cartesian", settings).shape == (64, 64, 3)


def test_threads_do_not_disturb_each_other():
    from concurrent.futures import ThreadPoolExecutor

    rng = np.random.default_rng(0)
    cv2.setNumThreads(1)
    jobs = [
        (rng.integers(0, 256, (side, side + 9, 3), dtype=np.uint8), Crop(1, 2, side - 3, side - 5, bool(side % 2)))
        for side in range(60, 160)
    ]

    def run(job):
        return network_input(*job, "log_polar", ViewSettings(size=64))

    alone = [run(job) for job in jobs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(run, jobs))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("law", ["monopole", "opencv", "paper-2018"])
@pytest.mark.parametrize("flip", [False, True])
def test_equal_information_is_the_log_polar_image_mapped_back(photographs, law, flip):
    """Against the tensor modules, in float64 from the same log-polar image, rounded once."""
    settings = ViewSettings(size=96, law=law, equal_information=True)
    crop = Crop(10, 20, 200, 240, flip)
    seen = network_input(photographs[0], crop, "log_polar", settings)
    expected = InverseLogPolar(log_polar_map(settings))(torch.tensor(seen, dtype=torch.float64).permute(2, 0, 1))
    result = network_input(photographs[0], crop, "cartesian", settings)
    assert np.abs(result - expected.permute(1, 2, 0).numpy()).max() < 0.6  # OpenCV's positions are 1/32 px before 5.0
    ordinary = network_input(photographs[0], crop, "cartesian", ViewSettings(size=96))
    assert 1 < np.abs(result.astype(int) - ordinary).mean() < 15
    log_polar = ViewSettings(size=96, law=law)
    np.testing.assert_array_equal(seen, network_input(photographs[0], crop, "log_polar", log_polar))


def test_equal_information_is_sharp_at_the_fovea_and_blurred_outside(photographs):
    settings = ViewSettings(equal_information=True)
    error = np.zeros((224, 224))
    for image in photographs[:3]:
        crop = centre_crop(*image.shape[:2], 0.875)
        views = (network_input(image, crop, "cartesian", one).astype(int) for one in (settings, ViewSettings()))
        error += np.abs(next(views) - next(views)).mean(2)
    radius = np.hypot(*np.indices((224, 224)) - 111.5)
    fovea, periphery = error[radius < 20].mean(), error[(radius > 70) & (radius < 110)].mean()
    assert fovea < periphery / 1.5


def test_outside_the_rings_equal_information_shows_their_fill():
    image = np.full((80, 80, 3), 200, np.uint8)
    settings = ViewSettings(size=64, radius="inscribed", equal_information=True)
    result = network_input(image, Crop(0, 0, 80, 80), "cartesian", settings)
    outside = np.hypot(*np.indices((64, 64)) - 31.5) > 33
    assert (result[outside] == 0).all()
    assert (result[np.hypot(*np.indices((64, 64)) - 31.5) < 29] == 200).all()


@pytest.mark.parametrize("law", ["monopole", "opencv", "paper-2018"])
@pytest.mark.parametrize("flip", [False, True])
def test_a_fisheye_draws_all_rings_as_wide(photographs, law, flip):
    """Against `cv2.warpPolar`'s linear inverse of the log-polar image."""
    settings = ViewSettings(size=96, law=law, fisheye=True, foveal_scale=4.0)
    log_polar, crop = log_polar_map(settings), Crop(10, 20, 200, 240, flip)
    seen = network_input(photographs[0], crop, "log_polar", settings)
    rings_to_the_edge = log_polar.ring_of(48.0)
    centre = tuple(map(float, log_polar.centre_yx[::-1]))
    # OpenCV's ring c is at the radius maxRadius c / R.
    flags = cv2.INTER_LINEAR | cv2.WARP_POLAR_LINEAR | cv2.WARP_INVERSE_MAP
    expected = cv2.warpPolar(seen, (96, 96), centre, 48 * 96 / rings_to_the_edge, flags)
    result = network_input(photographs[0], crop, "cartesian", settings)
    y, x = (at - middle for at, middle in zip(np.indices((96, 96)), log_polar.centre_yx, strict=True))
    radius = np.hypot(y, x)
    whole = (radius > 3) & (radius < 45)  # OpenCV wraps no angle and cuts at ring 0
    seam = (x > 0) & (np.abs(y) < 4)
    error = np.abs(result.astype(int) - expected).max(2)[whole & ~seam]
    assert error.max() <= 2
    assert (
        np.abs(result.astype(int) - network_input(photographs[0], crop, "cartesian", ViewSettings(size=96))).mean() > 5
    )


def test_a_fisheye_of_equal_information_is_one_too_many():
    with pytest.raises(SettingError, match=r"view\.equal-information and view\.fisheye are both on"):
        ViewSettings(fisheye=True, equal_information=True)


@pytest.mark.parametrize("radius", ["corner", "inscribed"])
def test_a_fisheye_shows_the_whole_crop_with_its_edges_where_they_were(radius):
    size, step = 64, 640
    ramp = np.linspace(0, 255, step).astype(np.uint8)
    image = np.repeat(np.tile(ramp, (step, 1))[..., None], 3, axis=2)  # brightness is the place along x
    settings = ViewSettings(size=size, radius=radius, foveal_scale=4.0, fisheye=True)
    shown = network_input(image, Crop(0, 0, step, step), "cartesian", settings)[size // 2, :, 0] / 255 * size - 0.5
    offset = np.arange(size) - 31.5
    seen = 4 * np.expm1(np.abs(offset) / 32 * np.log1p(32 / 4))  # the radius of the monopole's ring
    np.testing.assert_allclose(shown[2:-2], (seen * np.sign(offset) + 31.5)[2:-2], atol=0.5)


def test_blanked_rings_show_the_mean_colour_and_no_other_does():
    image = np.random.default_rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    crop, settings = Crop(0, 0, 80, 90), ViewSettings(size=64, blank_within=5.0)
    whole = network_input(image, crop, "log_polar", ViewSettings(size=64))
    blanked = network_input(image, crop, "log_polar", settings)
    within = log_polar_map(settings).radius_of(np.arange(64)) < 5
    assert tuple(round(255 * mean) for mean in MEAN) == MEAN_COLOUR
    assert (blanked[:, within] == MEAN_COLOUR).all()
    np.testing.assert_array_equal(blanked[:, ~within], whole[:, ~within])
    ordinary = (network_input(image, crop, "cartesian", one) for one in (settings, ViewSettings(size=64)))
    np.testing.assert_array_equal(next(ordinary), next(ordinary))


@pytest.mark.parametrize("sampling", ["composed", "two-step"])
def test_the_fill_colours_cells_beyond_the_crop_and_no_other(sampling):
    image = np.full((80, 90, 3), 200, np.uint8)
    black, mean = (
        network_input(image, Crop(0, 0, 80, 90), "log_polar", ViewSettings(size=64, sampling=sampling, fill=fill))
        for fill in ("black", "mean")
    )
    beyond = (black == 0).all(2)
    assert 0.02 < beyond.mean() < 0.2
    assert (mean[beyond] == MEAN_COLOUR).all()
    np.testing.assert_array_equal(mean[(black == 200).all(2)], 200)
    ordinary = network_input(image, Crop(0, 0, 80, 90), "cartesian", ViewSettings(size=64, fill="mean"))
    np.testing.assert_array_equal(ordinary, np.full((64, 64, 3), 200, np.uint8))


@pytest.mark.parametrize(("radius", "blank"), [("corner", 32.0), (10.0, 10.0), ("corner", -1.0), ("corner", math.nan)])
def test_blanking_everything_or_less_than_nothing_is_refused(radius, blank):
    with pytest.raises(
        SettingError, match=r"view\.blank-within is .*; give 0 or more px, less than the outermost ring"
    ):
        ViewSettings(size=64, radius=radius, blank_within=blank)
