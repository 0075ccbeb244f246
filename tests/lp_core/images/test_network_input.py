"""`network_input` warps any crop of any photograph, and equals resize-then-warp where it should."""

import cv2
import numpy as np
import pytest

from lp_core.images.crop import Crop, centre_crop, random_crop, resize_crop
from lp_core.images.log_polar import LogPolarMap
from lp_core.images.network_input import log_polar_map, network_input, sample_composed
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


def test_settings_reach_the_map():
    settings = ViewSettings(size=64, law="opencv", radius="inscribed", foveal_scale=3.0, prefilter=False)
    log_polar = log_polar_map(settings)
    assert log_polar == LogPolarMap(
        size=(64, 64), sectors=64, rings=64, law="opencv", radius="inscribed", foveal_scale=3.0, prefilter=False
    )
    assert log_polar_map(settings) is log_polar


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
