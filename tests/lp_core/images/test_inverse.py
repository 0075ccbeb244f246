"""`inverse` maps log-polar images back: round trips stay close, and nothing is drawn outside the disc."""

import math

import cv2
import numpy as np
import pytest
import torch

from lp_core.images.laws import LAWS
from lp_core.images.log_polar import LogPolarMap
from lp_core.images.sampling import GRID
from lp_core.images.tensor import InverseLogPolar

ZONES = ((0, 4), (0, 36), (36, 80), (80, 111))


def round_trip(log_polar, squares, **options):
    """Mean absolute error by distance from the fixation, in grey levels."""
    cy, cx = log_polar.centre_yx
    radius = np.hypot(np.arange(224)[:, None] - cy, np.arange(224)[None] - cx)
    back = [log_polar.unwarp(log_polar.warp(image), **options)[0] for image in squares]
    error = np.mean([np.abs(b.astype(int) - image).mean(-1) for b, image in zip(back, squares, strict=True)], axis=0)
    return [error[(radius >= low) & (radius <= high)].mean() for low, high in ZONES]


@pytest.mark.parametrize("prefilter", [False, True])
@pytest.mark.parametrize("law", LAWS)
def test_round_trip(law, prefilter, squares):
    errors = round_trip(LogPolarMap(size=(224, 224), law=law, prefilter=prefilter), squares)
    fovea = 0.6 if law == "paper-2018" else 0.35  # its rings begin at a radius of 1 px
    assert all(error <= most for error, most in zip(errors, (fovea, 2.6, 5.3, 7.1), strict=True)), errors


def test_the_published_inverse_is_a_pixel_off(squares):
    log_polar = LogPolarMap(size=(224, 224), law="paper-2018", prefilter=False)
    assert round_trip(log_polar, squares[:8])[0] < 1
    assert round_trip(log_polar, squares[:8], inverse="published")[0] > 5
    with pytest.raises(ValueError, match="monopole law has no published inverse"):
        LogPolarMap(size=(8, 8)).unwarp(np.zeros((224, 224)), inverse="published")


def test_published_inverse_reads_where_opencv_2018_did():
    """`cvLogPolar` with CV_WARP_INVERSE_MAP: column M ln(r + 1) for a forward map of radius exp(column / M)."""
    log_polar = LogPolarMap(size=(224, 224), law="paper-2018", prefilter=False)
    rings_SR = np.tile(np.arange(224.0), (224, 1))
    shown, alpha = log_polar.unwarp(rings_SR, inverse="published")
    for y, x in ((112, 130), (60, 100), (112, 113)):
        assert alpha[y, x] == 1
        assert shown[y, x] == pytest.approx(44.2244 * math.log(math.hypot(y - 112, x - 112) + 1), abs=0.01)


def test_no_seam_at_angle_zero():
    log_polar = LogPolarMap(size=(100, 100), sectors=60, rings=60, radius="inscribed")
    angle = 2 * np.pi * np.arange(60)[:, None] / 60
    periodic = np.cos(angle) + 0 * np.arange(60)
    back, alpha = log_polar.unwarp(periodic)
    y, x = np.mgrid[:100, :100] - 49.5
    expected = x / np.hypot(y, x)
    # Linear interpolation of a cosine in steps of 6 degrees is off by (pi / 30)^2 / 8.
    assert np.abs(back - expected)[alpha == 1].max() < 0.0015


def test_nothing_is_drawn_outside_the_disc():
    log_polar = LogPolarMap(size=(64, 64), sectors=40, rings=40, radius="inscribed", fill=9)
    back, alpha = log_polar.unwarp(np.full((40, 40, 3), 200, np.uint8), supersample=4)
    y, x = np.mgrid[:64, :64] - 31.5
    edge = log_polar.radius_of(39.5)
    outside, inside = np.hypot(y, x) > edge + 1, np.hypot(y, x) < edge - 1
    assert (back[outside] == 9).all()
    assert (alpha[outside] == 0).all()
    assert (back[inside] == 200).all()
    assert (alpha[inside] == 1).all()


@pytest.mark.parametrize("kind", ["uint8", "float32"])
def test_fill_does_not_bleed_into_the_image(kind):
    log_polar = LogPolarMap(size=(64, 64), fill=0)
    white = np.full((64, 64, 3), 200).astype(kind)
    back, alpha = log_polar.unwarp(log_polar.warp(white))
    np.testing.assert_allclose(back[alpha > 0], 200, atol=0.5 if kind == "uint8" else 0.01)
    assert (alpha > 0).mean() > 0.99


@pytest.mark.parametrize("kind", ["uint8", "int16", "uint16", "float32", "float64"])
@pytest.mark.parametrize("supersample", [1, 2, 4, 5])
@pytest.mark.parametrize("box", [None, (-7, 5, 9, 12)])
@pytest.mark.parametrize(
    "options",
    [{}, {"law": "opencv"}, {"law": "paper-2018"}, {"radius": "inscribed"}, {"fixation_yx": (3.0, 50.0)}],
    ids=["monopole", "opencv", "paper", "inscribed", "beside"],
)
def test_one_grey_stays_that_grey_wherever_anything_is_known(kind, supersample, box, options):
    log_polar = LogPolarMap(size=(61, 47), sectors=40, rings=40, fill=9.0, **options)
    back, alpha = log_polar.unwarp(np.full((40, 40, 3), 200, kind), supersample=supersample, box=box)
    np.testing.assert_allclose(back[alpha > 0], 200, atol=1e-4 if kind.startswith("float") else 0)
    assert (back[alpha == 0] == 9).all()
    module = InverseLogPolar(log_polar, supersample=supersample)
    if box is None and kind != "uint16":
        tensor = module(torch.full((1, 40, 40), 200, dtype=getattr(torch, kind)))[0].numpy()
        np.testing.assert_allclose(tensor[alpha > 0], 200, atol=1e-4 if kind.startswith("float") else 0)


@pytest.mark.parametrize("supersample", [1, 4])
@pytest.mark.parametrize("law", ["monopole", "paper-2018"])
def test_uint8_is_float64_rounded_once(law, supersample):
    log_polar = LogPolarMap(size=(90, 70), sectors=64, rings=48, law=law)
    noise = np.random.default_rng(0).integers(0, 256, (64, 48, 3), np.uint8)
    back, _ = log_polar.unwarp(noise, supersample=supersample)
    exact, _ = log_polar.unwarp(noise.astype(np.float64), supersample=supersample)
    # Before version 5, OpenCV knows weights of 1/32 only: 255 levels, half of 1/32 off along either axis.
    assert np.abs(back - exact).max() <= (0.51 if GRID == 256 else 9)


@pytest.mark.parametrize(("fill", "expected"), [(-3.0, 0), (300.0, 255), (9.5, 10)])
def test_fill_is_cut_to_the_range_of_the_dtype(fill, expected):
    log_polar = LogPolarMap(size=(32, 32), sectors=16, rings=16, radius="inscribed", fill=fill)
    back, alpha = log_polar.unwarp(np.zeros((16, 16), np.uint8))
    assert set(back[alpha == 0]) == {expected}


@pytest.mark.parametrize("box", [(10, 20, 30, 40), (-7, 5, 9, 12), (50, 0, 75, 64), (0, 30, 64, 40), (60, 60, 70, 90)])
def test_a_box_is_the_sector_that_its_outline_surrounds(box):
    log_polar = LogPolarMap(size=(128, 128), sectors=64, rings=64, radius="inscribed")
    _, alpha = log_polar.unwarp(np.zeros((64, 64)), box=box, scale=2, supersample=2)
    outline = log_polar.sector_outline(box)
    drawn = np.zeros((256, 256), np.uint8)
    points = np.round(((outline[:, ::-1] + 0.5) * 2 - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(drawn, [points], 1, shift=4)
    different = np.abs(drawn - alpha) > 0.5
    perimeter = np.hypot(*np.diff(outline, axis=0, append=outline[:1]).T).sum() * 2
    assert alpha.sum() > 0
    assert different.sum() <= 1.5 * perimeter  # only pixels on the edge
    assert abs(drawn.sum() - alpha.sum()) < 0.6 * perimeter + 5


@pytest.mark.parametrize("kind", ["uint8", "float32"])
@pytest.mark.parametrize("box", [(20, 5, 60, 30), (-7, 0, 4, 64), (50, 60, 90, 80), (3, 9, 4, 10), (5, 5, 5, 5)])
@pytest.mark.parametrize(("scale", "supersample"), [(3, 1), (1, 4), (2, 2)])
def test_a_box_shows_the_same_pixels_as_the_whole(box, kind, scale, supersample):
    """Only the rectangle around a box is computed."""
    log_polar = LogPolarMap(size=(48, 40), sectors=64, rings=64, fill=9)
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(kind)
    whole, known = log_polar.unwarp(image, scale=scale, supersample=supersample)
    part, alpha = log_polar.unwarp(image, box=box, scale=scale, supersample=supersample)
    complete = alpha == known  # all that is known of the pixel lies in the box
    assert (part[complete & (alpha > 0)] == whole[complete & (alpha > 0)]).all()
    assert (part[alpha == 0] == 9).all()
    assert complete.any()


def test_rows_of_a_box_wrap_around():
    log_polar = LogPolarMap(size=(40, 40), sectors=24, rings=24)
    image = np.zeros((24, 24))
    alphas = [log_polar.unwarp(image, box=(top, 3, top + 5, 20))[1] for top in (-2, 22, 46)]
    np.testing.assert_array_equal(alphas[0], alphas[1])
    np.testing.assert_array_equal(alphas[0], alphas[2])
    assert (log_polar.unwarp(image, box=(5, 0, 90, 24))[1] == log_polar.unwarp(image)[1]).all()


def test_density_counts_cells():
    log_polar = LogPolarMap(size=(224, 224), radius="inscribed")
    density = log_polar.density()
    y, x = np.mgrid[:224, :224] - 111.5
    for low, high in ((10, 40), (40, 80), (80, 105)):
        ring = log_polar.ring_of(np.array([low, high]))
        cells = 224 * (ring[1] - ring[0])
        counted = density[(np.hypot(y, x) >= low) & (np.hypot(y, x) < high)].sum()
        assert counted == pytest.approx(cells, rel=0.02)
