"""Likelihood maps: a planted place is found, equal answers give a flat map, moved photographs move the map."""

import cv2
import numpy as np
import pytest

from lp_core.errors import DataError, SettingError
from lp_core.images.crop import Crop, centre_crop
from lp_core.images.log_polar import LogPolarMap
from lp_core.images.network_input import network_input, sample_composed
from lp_core.measures.likelihood_map import Eye, LikelihoodMap, likelihood_map, plain, probabilities, shifts, softmax
from lp_core.settings import ViewSettings

VIEWS = ("cartesian", "log_polar")
SETTINGS = ViewSettings(size=32)


def centre_colours(images_NSRC, view):
    """Mean colour of what lies within about a tenth of the input about the point of gaze: logits of three classes."""
    part = images_NSRC[:, 13:19, 13:19] if view == "cartesian" else images_NSRC[:, :, :12]
    return part.mean((1, 2)) / 10


def foveal(view):
    return lambda images_NSRC: centre_colours(images_NSRC, view)


def projection(images_NSRC):
    """A network that reads everything: random weights, seeded."""
    weights = np.random.default_rng(3).normal(size=(images_NSRC[0].size, 4)) / 2000
    return images_NSRC.reshape(len(images_NSRC), -1) @ weights


@pytest.fixture(scope="module")
def canvas() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (50, 50, 3), dtype=np.uint8)
    return cv2.resize(noise, (400, 400), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("fixation", [(2, 7), (5, 5), (8, 3), (0, 10)])
@pytest.mark.parametrize("size", [(200, 200), (200, 320), (260, 200)])
def test_a_planted_place_is_found(view, fixation, size):
    image = np.full((*size, 3), (90, 90, 60), np.uint8)
    crop = centre_crop(*size, 0.8)
    y, x = crop.top + fixation[0] / 10 * crop.height, crop.left + fixation[1] / 10 * crop.width
    cv2.circle(image, (round(x), round(y)), 14, (90, 90, 255), -1)
    map = likelihood_map(image, Eye(view, SETTINGS, 0.8), foveal(view))
    assert map.best(2) == fixation
    assert map.position(fixation) == pytest.approx((y, x))
    assert map.top(fixation)[0] == 2
    likelihood = map.probability_GGC[..., 2]
    assert likelihood[fixation] > 10 * np.median(likelihood)


@pytest.mark.parametrize("view", VIEWS)
def test_a_constant_network_gives_a_flat_map_and_looks_at_the_centre(canvas, view):
    map = likelihood_map(canvas, Eye(view, SETTINGS, 0.875), lambda images: np.tile([1.0, 2.0], (len(images), 1)))
    assert np.ptp(map.probability_GGC, axis=(0, 1)).max() == 0
    assert map.best(0) == map.best(1) == map.centre == (5, 5)
    assert map.top(map.centre) == [1, 0]


def test_a_moved_photograph_moves_the_map_of_an_ordinary_network(canvas):
    """The crop has 150 px, a step of the grid 15: the crops are the same pixels."""
    eye = Eye("cartesian", SETTINGS, 0.5)
    first, second = (
        likelihood_map(canvas[top : top + 300, left : left + 300], eye, projection) for top, left in ((0, 0), (30, 45))
    )
    np.testing.assert_allclose(second.probability_GGC[:-2, :-3], first.probability_GGC[2:, 3:], rtol=1e-6)
    assert np.ptp(first.probability_GGC[..., 0]) > 0.02


def test_a_moved_photograph_moves_the_map_of_a_log_polar_network(canvas):
    """Up to the crop's edge, beyond which the eye sees nothing: its answers are those of its fovea."""
    eye = Eye("log_polar", SETTINGS, 0.5)
    first, second = (
        likelihood_map(canvas[top : top + 300, left : left + 300], eye, foveal("log_polar"))
        for top, left in ((0, 0), (30, 45))
    )
    np.testing.assert_allclose(
        second.probability_GGC[1:-3, 1:-4], first.probability_GGC[3:-1, 4:-1], atol=0.01, rtol=0.05
    )
    assert np.ptp(first.probability_GGC[..., 0]) > 0.5


def test_the_middle_is_the_evaluation_to_the_byte(canvas):
    seen = []

    def answer(images):
        seen.extend(images)
        return projection(images)

    for number, view in enumerate(VIEWS):
        likelihood_map(canvas, Eye(view, SETTINGS, 0.875), answer, 5)
        expected = network_input(canvas, centre_crop(400, 400, 0.875), view, SETTINGS)
        np.testing.assert_array_equal(seen[25 * number + 12], expected)


@pytest.mark.parametrize("size", [(300, 300), (200, 330)])
def test_inputs_are_those_of_moved_crops_and_moved_eyes(canvas, size):
    """The slow twin: every crop by its edges, every gaze by a map of its own, one image at a time."""
    image, crop = canvas[: size[0], : size[1]], centre_crop(*size, 0.5)
    maps = {view: likelihood_map(image, Eye(view, SETTINGS, 0.5), projection, 3) for view in VIEWS}
    for row in range(3):
        for column in range(3):
            down, right = (row - 1) / 2, (column - 1) / 2
            moved = Crop(crop.top + down * crop.height, crop.left + right * crop.width, crop.height, crop.width)
            eye = LogPolarMap(size=(32, 32), sectors=32, rings=32, fixation_yx=(15.5 + 32 * down, 15.5 + 32 * right))
            seen = {"cartesian": network_input(image, moved, "cartesian", SETTINGS)}
            seen["log_polar"] = sample_composed(image, crop, eye)
            for view, one in seen.items():
                odds = np.exp(projection(one[None])[0])
                np.testing.assert_allclose(maps[view].probability_GGC[row, column], odds / odds.sum(), rtol=2e-3)


def test_the_crop_may_move_in_both_views(canvas):
    """With half the side no crop leaves the photograph: each fixation is an evaluation of a photograph cut there."""
    image, whole = canvas[:300, :300], Eye("log_polar", SETTINGS, 1.0)
    moved = likelihood_map(image, Eye("log_polar", SETTINGS, 0.5, crop_moves=True), projection, 3)
    assert (moved.moves, likelihood_map(image, whole, projection, 3).moves) == ("crop", "gaze")
    for row, column in np.ndindex(3, 3):
        part = image[75 * row : 75 * row + 150, 75 * column : 75 * column + 150]
        alone = likelihood_map(part, whole, projection, 3)
        # Matrix products of other batches may differ in the last bits.
        np.testing.assert_allclose(moved.probability_GGC[row, column], alone.probability_GGC[1, 1], rtol=1e-12)


@pytest.mark.parametrize("view", VIEWS)
def test_some_fixations_are_those_of_the_map(canvas, view):
    eye = Eye(view, SETTINGS, 0.875)
    map = likelihood_map(canvas, eye, foveal(view), 5)
    chosen = [(0, 3), (2, 2), (4, 1)]
    found = probabilities(canvas, eye, foveal(view), [map.shift(fixation) for fixation in chosen])
    np.testing.assert_array_equal(found, [map.probability_GGC[fixation] for fixation in chosen])


def test_a_plain_photograph_shows_what_is_due_to_the_frame():
    """A network that answers to darkness alone finds it at the crop's edge, in the plain photograph as well."""
    image = np.full((120, 150, 3), 200, np.uint8)
    image[40:80, 60:90] = 250
    assert plain(image).shape == image.shape
    assert (plain(image) == np.rint(image.mean((0, 1)))).all()
    eye = Eye("log_polar", SETTINGS, 1.0)

    def darkness(images):
        dark = (images < 10).mean((1, 2, 3))
        return 20 * np.stack([dark, np.zeros_like(dark)], 1)

    map = likelihood_map(image, eye, darkness)
    assert map.best(0) in [(0, 0), (0, 10), (10, 0), (10, 10)]
    best, centre = probabilities(plain(image), eye, darkness, [map.shift(map.best(0)), map.shift(map.centre)])[:, 0]
    assert best == pytest.approx(map.probability_GGC[map.best(0)][0])
    assert best > 0.9 > 0.7 > centre


def test_batches_leave_no_trace(canvas):
    eye = Eye("log_polar", SETTINGS, 0.875)
    sizes = []

    def answer(images):
        sizes.append(len(images))
        return centre_colours(images, "log_polar")

    maps = [likelihood_map(canvas, eye, answer, 5, batch) for batch in (1, 7, 25)]
    assert sizes == [1] * 25 + [7, 7, 7, 4] + [25]
    for other in maps[1:]:
        np.testing.assert_array_equal(maps[0].probability_GGC, other.probability_GGC)


def test_of_equals_the_nearest_to_the_centre_is_best():
    probability = np.zeros((5, 5, 1))
    probability[0, 0] = probability[4, 1] = probability[1, 3] = 0.5
    map = LikelihoodMap(probability, Crop(0, 0, 80, 80))
    assert map.best(0) == (1, 3)
    assert map.position((1, 3)) == (20, 60)


def test_probabilities_are_those_of_scipy_even_of_large_logits():
    from scipy.special import softmax as oracle

    logits = np.random.default_rng(0).normal(scale=300, size=(6, 9)).astype(np.float32)
    np.testing.assert_allclose(softmax(logits), oracle(logits.astype(np.float64), 1), rtol=1e-12)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_answers_that_are_no_numbers_are_refused(value):
    with pytest.raises(DataError, match="NaN or infinity"):
        softmax(np.array([[0.0, value]]))


@pytest.mark.parametrize("grid", [10, 1, -3, 0, 53])
def test_grids_without_a_middle_are_refused(grid):
    with pytest.raises(SettingError, match=f"grid is {grid}; give an odd number, 3 to 51"):
        shifts(grid)


def test_the_grid_is_that_of_the_tolerance_test():
    from lp_core.measures.tolerance_conditions import SHIFTS

    assert shifts(11) == list(SHIFTS)
