"""The picture of likelihood maps: both views in one scale, colours where the grid lies, marks where they belong."""

import cv2
import numpy as np
import pytest

from lp_core.dataset.boxes import Box
from lp_core.images.crop import centre_crop
from lp_core.measures.likelihood_map import LikelihoodMap
from lp_core.report.likelihood_picture import likelihood_picture as picture_of

GREY = np.full((200, 300, 3), 128, np.uint8)
CROP = centre_crop(200, 300, 0.8)
TOP, LEFTS = 54, (14, 432, 850)
"""Corners of the three panels, in px of the picture."""


def likelihood_picture(image, maps, label, title, boxes=()):
    return picture_of(image, maps, label, title, frames=dict.fromkeys(maps, (0.1, 0.2)), boxes=boxes)


def map_of(likelihood_GG) -> LikelihoodMap:
    return LikelihoodMap(np.asarray(likelihood_GG, np.float64)[..., None], CROP)


def panel(picture, number):
    return picture[TOP : TOP + 267, LEFTS[number] : LEFTS[number] + 400].astype(int)


def colourfulness(pixels):
    return np.ptp(pixels, axis=-1)


def at(fixation, grid=5):
    """Row and column in a panel."""
    y, x = map_of(np.zeros((grid, grid))).position(fixation)
    return round(y * 4 / 3), round(x * 4 / 3)


def test_flat_maps_have_one_colour_and_nothing_beyond_the_crop():
    picture = likelihood_picture(GREY, {"cartesian": map_of(np.full((5, 5), 0.2))}, 0, "flat")
    drawn = panel(picture, 1)
    row, column = (np.add(at((0, 0)), at((1, 1)))) // 2
    assert len({tuple(drawn[row + down, column + right]) for down in (-9, 0, 9) for right in (-9, 0, 9)}) == 1
    assert colourfulness(drawn[row, column]) > 50
    top, left = at((0, 0))
    assert colourfulness(drawn[: top - 16]).max() == 0
    assert colourfulness(drawn[:, : left - 16]).max() == 0


def test_views_share_the_scale():
    """The view whose likelihoods are half as high is darker, and its highest is no yellow."""
    ramp = np.tile(np.linspace(0, 1, 5), (5, 1))
    picture = likelihood_picture(GREY, {"cartesian": map_of(ramp), "log_polar": map_of(ramp / 2)}, 0, "ramp")
    row = (at((0, 0))[0] + at((1, 0))[0]) // 2
    ends = [[at((0, column))[1] + step for column, step in ((0, 5), (4, -5))] for _ in (1, 2)]
    low, high = (panel(picture, 1)[row, column] for column in ends[0])
    half_low, half_high = (panel(picture, 2)[row, column] for column in ends[1])
    assert np.abs(low - half_low).max() <= 6
    assert high.sum() > half_high.sum() > low.sum()
    middle = panel(picture, 1)[row, at((0, 2))[1] - 5]
    assert np.abs(half_high - middle).max() <= 12


@pytest.mark.parametrize("best", [(0, 0), (1, 3), (4, 4)])
def test_the_ring_is_around_the_best_fixation(best):
    likelihood = np.full((5, 5), 0.1)
    likelihood[best] = 0.9
    plain, marked = (
        panel(likelihood_picture(GREY, {"log_polar": map_of(of)}, 0, "x"), 1)
        for of in (likelihood * 0 + 0.1, likelihood)
    )
    ring = (marked.sum(-1) > 3 * 250) & (plain.sum(-1) <= 3 * 250)
    rows, columns = np.nonzero(ring)
    assert np.hypot(rows - at(best)[0], columns - at(best)[1]).max() < 18
    assert len(rows) > 40


def test_boxes_are_drawn_on_the_photograph():
    maps = {"cartesian": map_of(np.full((5, 5), 0.2))}
    without, with_box = (
        panel(likelihood_picture(GREY, maps, 0, "x", boxes), 0) for boxes in ((), [Box("x", 60, 30, 120, 240)])
    )
    rows, columns = np.nonzero((without != with_box).any(-1))
    assert (rows.min(), columns.min()) == pytest.approx((80, 40), abs=2)
    assert (rows.max(), columns.max()) == pytest.approx((160, 320), abs=2)


@pytest.mark.parametrize("size", [(40, 30), (2000, 90), (1, 1), (64, 64)])
def test_photographs_of_any_size_are_drawn(size):
    image = cv2.resize(GREY, size[::-1])
    map = LikelihoodMap(np.full((3, 3, 1), 0.0), centre_crop(*size, 0.875))
    picture = likelihood_picture(image, {"cartesian": map, "log_polar": map}, 0, "日本 " * 99)
    assert picture.dtype == np.uint8
    assert picture.shape[1] > 600


@pytest.mark.parametrize(
    "edges", [(100, 50, 100.5, 51), (-50, -50, -10, -10), (2400, 3300, 2500, 3350)], ids=["thin", "before", "beyond"]
)
def test_a_box_that_is_thinner_than_a_px_of_the_picture_or_beyond_the_photograph_is_drawn_as_a_line(edges):
    big = np.full((2000, 3000, 3), 128, np.uint8)
    likelihood_picture(big, {"cartesian": map_of(np.eye(5))}, 0, "tench", boxes=[Box("tench", *edges)])


def test_a_crop_that_is_thinner_than_a_px_of_the_picture():
    thin = np.full((3000, 1, 3), 128, np.uint8)
    maps = {"cartesian": LikelihoodMap(np.eye(5)[..., None], centre_crop(3000, 1, 0.8))}
    likelihood_picture(thin, maps, 0, "tench")
