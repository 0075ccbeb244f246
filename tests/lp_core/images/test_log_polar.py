"""`log_polar` equals OpenCV and the slow twin, and has the symmetries of its formula: a turn is a roll."""

import math
import pickle
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from lp_core.images import sampling
from lp_core.images.laws import LAWS
from lp_core.images.log_polar import LogPolarMap
from lp_core.images.map_matrix import map_matrix
from lp_core.images.tensor import InverseLogPolar, LogPolar
from tests.reference import log_polar as twin

PAPER_M = 44.2244
CORNER = math.hypot(112, 112)


def quarter_turned(image, sectors):
    """What a map sees when the photograph is turned by 90 degrees counter-clockwise."""
    return np.roll(image, -sectors // 4, axis=0)


def reversed_sectors(image, sectors):
    """What a map sees of the mirror image: the angle p becomes half a turn minus p."""
    return image[(sectors // 2 - np.arange(sectors)) % sectors]


def test_opencv_law_equals_opencv(squares):
    log_polar = LogPolarMap(size=(224, 224), law="opencv", prefilter=False)
    flags = cv2.INTER_LINEAR | cv2.WARP_FILL_OUTLIERS | cv2.WARP_POLAR_LOG
    differences = [
        np.abs(log_polar.warp(image).astype(int) - cv2.warpPolar(image, (224, 224), (112, 112), CORNER, flags))
        for image in squares
    ]
    old = int(cv2.__version__.split(".")[0]) < 5  # both round positions to 1/32 px, but not to the same
    assert np.max(differences) <= (8 if old else 2)
    assert np.mean(differences) <= (0.2 if old else 0.1)


def test_paper_radii():
    radii = LogPolarMap(size=(224, 224), law="paper-2018").radius_of(np.arange(224))
    np.testing.assert_allclose(radii, np.exp(np.arange(224) / PAPER_M), atol=1e-4, rtol=0)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16", "float32", "float64"])
@pytest.mark.parametrize("fixation", [None, (3.25, 30.5), (-4.0, 50.0)])
def test_equals_the_slow_twin(law, kind, fixation):
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (23, 31, 3)).astype(kind)
    log_polar = LogPolarMap(
        size=(23, 31), sectors=12, rings=10, law=law, fixation_yx=fixation, fill=9, prefilter=False, foveal_scale=1.5
    )
    expected = twin.warp(
        image,
        law,
        sectors=12,
        rings=10,
        outer=log_polar.outer_radius,
        centre_yx=log_polar.centre_yx,
        foveal_scale=1.5,
        fill=9,
    )
    # A position is off by at most 1 / (2 GRID) px along each axis; neighbours differ by at most 255.
    tolerance = 255 / sampling.GRID + (0.5 if kind[0] != "f" else 0) + 1e-3
    assert np.abs(log_polar.warp(image) - expected).max() <= tolerance


@pytest.mark.parametrize("kind", ["uint8", "float32"])
def test_prefilter_equals_2x2_samples_of_the_slow_twin(kind):
    image = np.random.default_rng(3).integers(0, 256, (40, 40, 1)).astype(kind)
    log_polar = LogPolarMap(size=(40, 40), sectors=24, rings=12, radius="inscribed")
    expected = twin.warp(
        image, "monopole", sectors=24, rings=12, outer=20, centre_yx=(19.5, 19.5), samples=2, foveal_scale=1
    )
    wide = (width_of(log_polar) > sampling.ONE_SAMPLE) & (width_of(log_polar) < sampling.NEXT_LEVEL)
    assert wide.sum() >= 3
    assert np.abs(log_polar.warp(image) - expected)[:, wide].max() <= 255 / sampling.GRID + 1


def width_of(log_polar):
    ring = np.arange(log_polar.rings)
    radial = log_polar.radius_of(ring + 0.5) - log_polar.radius_of(ring - 0.5)
    return np.sqrt(radial * log_polar.radius_of(ring) * 2 * math.pi / log_polar.sectors)


@pytest.mark.parametrize("prefilter", [False, True])
@pytest.mark.parametrize(("side", "sectors", "rings"), [(224, 224, 224), (64, 96, 40), (100, 56, 64), (33, 48, 33)])
def test_a_turn_is_a_roll_and_a_mirror_a_reversal(prefilter, side, sectors, rings):
    image = np.random.default_rng(side).integers(0, 256, (side, side, 3), dtype=np.uint8)
    log_polar = LogPolarMap(size=(side, side), sectors=sectors, rings=rings, prefilter=prefilter)
    warped = log_polar.warp(image)
    np.testing.assert_array_equal(log_polar.warp(np.rot90(image)), quarter_turned(warped, sectors))
    np.testing.assert_array_equal(log_polar.warp(image[:, ::-1]), reversed_sectors(warped, sectors))


def test_a_turn_and_a_mirror_on_photographs(squares):
    log_polar = LogPolarMap(size=(224, 224))
    for image in squares:
        warped = log_polar.warp(image)
        np.testing.assert_array_equal(log_polar.warp(np.rot90(image)), quarter_turned(warped, 224))
        np.testing.assert_array_equal(log_polar.warp(image[:, ::-1]), reversed_sectors(warped, 224))


@pytest.mark.parametrize("law", LAWS)
def test_scaling_is_a_shift_of_rings(law):
    """A pattern exp(k) times as large appears one ring further out: exactly for paper-2018, else from 8 a on."""
    log_polar = LogPolarMap(size=(225, 225), law=law, fixation_yx=(112, 112), prefilter=False)
    y, x = np.mgrid[:225, :225] - 112.0
    shifted, plain = (
        log_polar.warp(np.cos(y * zoom / 9) + np.sin(x * zoom / 7)) for zoom in (math.exp(-log_polar.growth), 1.0)
    )
    ring = np.arange(1, 205)
    far = log_polar.radius_of(ring) >= (1 if law == "paper-2018" else 8)
    error = np.abs(shifted[:, ring] - plain[:, ring - 1])[:, far]
    # Of an amplitude of 2. The offset of a * (exp(k) - 1) = 0.023 px costs 0.023 * (1/9 + 1/7) = 0.006.
    assert error.max() < (0.012 if law == "paper-2018" else 0.016)


def test_prefilter_halves_the_error_of_the_outer_rings(squares):
    errors = {}
    for prefilter in (False, True):
        log_polar = LogPolarMap(size=(224, 224), prefilter=prefilter)
        known = log_polar.warp(np.ones((224, 224), np.float32))[:, 179:] > 0.999
        errors[prefilter] = np.mean(
            [
                np.abs(log_polar.warp(image)[:, 179:] - twin.supersampled(image, log_polar, range(179, 224)))[
                    known
                ].mean()
                for image in squares[:3]
            ]
        )
    assert errors[True] < 0.35 * errors[False]  # measured 0.25, of which a part is the rounding to uint8


def test_batches_and_channels():
    rng = np.random.default_rng(0)
    log_polar = LogPolarMap(size=(20, 30), sectors=16, rings=12)
    batch = rng.integers(0, 256, (3, 20, 30, 7), dtype=np.uint8)
    warped = log_polar.warp(batch)
    assert warped.shape == (3, 16, 12, 7)
    for image, result in zip(batch, warped, strict=True):
        for channel in range(7):
            np.testing.assert_array_equal(log_polar.warp(image[..., channel]), result[..., channel])
    assert log_polar.warp(batch[:0]).shape == (0, 16, 12, 7)


def test_maps_are_values():
    log_polar = LogPolarMap(size=(8, 9), law="opencv")
    log_polar.warp(np.zeros((8, 9), np.uint8))
    again = pickle.loads(pickle.dumps(log_polar))
    assert again == log_polar
    assert hash(again) == hash(log_polar)
    assert len(pickle.dumps(log_polar)) < 1000  # settings, not tables


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"size": (0, 5)}, "0 x 5 px has no pixel"),
        ({"sectors": 0}, "0 sectors"),
        ({"rings": -1}, "-1 rings"),
        ({"law": "log"}, "law is 'log'; give one of monopole, opencv, paper-2018"),
        ({"radius": "edge"}, "radius is 'edge'"),
        ({"radius": 0.0}, "radius is 0 px; the monopole law needs more than 0"),
        ({"radius": float("nan")}, "radius is nan px"),
        ({"radius": 1.0, "law": "opencv"}, "the opencv law needs more than 1"),
        ({"foveal_scale": 0.0}, "foveal_scale is 0.0"),
        ({"fixation_yx": (1.0, float("inf"))}, "fixation_yx is"),
        ({"fixation_yx": (1.0, 2.0, 3.0)}, "fixation_yx is"),
    ],
)
def test_impossible_maps_are_refused(wrong, reason):
    with pytest.raises(ValueError, match=reason):
        LogPolarMap(**({"size": (8, 8)} | wrong))


def test_wrong_images_are_refused():
    log_polar = LogPolarMap(size=(8, 9))
    with pytest.raises(ValueError, match="9 rows and 8 columns; this map is for 8 and 9"):
        log_polar.warp(np.zeros((9, 8, 3), np.uint8))
    with pytest.raises(ValueError, match="shape"):
        log_polar.warp(np.zeros(9, np.uint8))
    with pytest.raises(TypeError, match="int64; convert it to one of uint8"):
        log_polar.warp(np.zeros((8, 9), np.int64))
    with pytest.raises(TypeError, match="is a Tensor; give a NumPy array, or a tensor to `LogPolar`"):
        log_polar.warp(torch.zeros(8, 9))
    with pytest.raises(TypeError, match="is a list; give a NumPy array"):
        log_polar.unwarp([[0]])


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("size", [(64, 64), (50, 81)])
def test_cells_that_look_outside_see_the_fill(law, size):
    """A cell whose centre is half a pixel within or beyond the edge sees white or black, between them a mixture."""
    log_polar = LogPolarMap(size=size, sectors=48, rings=40, law=law, prefilter=False)
    seen = log_polar.warp(np.ones(size))
    outside = log_polar.looks_outside()
    assert 0 < outside.mean() < 0.5
    assert (seen[outside] <= 0.5 + 1e-6).all()
    assert (seen[~outside] >= 0.25 - 1e-6).all()  # a quarter in the corners
    assert (seen[outside] == 0).any()
    assert not LogPolarMap(size=(64, 64), radius="inscribed").looks_outside().any()


def test_cells_within_a_radius_are_whole_rings():
    log_polar = LogPolarMap(size=(224, 224), law="paper-2018")
    within = log_polar.looks_within(2.0)
    assert within.shape == (224, 224)
    assert (within == within[0]).all()
    assert within[0].sum() == sum(math.exp(ring / 44.2244) < 2 for ring in range(224)) == 31


@pytest.mark.parametrize("sectors", [1, 5, 20])
def test_a_seam_elsewhere_rolls_the_rows_and_nothing_else(sectors):
    """Warping, mapping back, outlines and cells beside the image: a cut at k sectors is a roll by k rows."""
    image = np.random.default_rng(3).random((40, 50, 3))
    straight = LogPolarMap(size=(40, 50), sectors=24, rings=30)
    cut = replace(straight, seam_degrees=15.0 * sectors)
    seen = cut.warp(image)
    np.testing.assert_allclose(seen, np.roll(straight.warp(image), -sectors, axis=0), atol=0.02)
    np.testing.assert_array_equal(cut.looks_outside(), np.roll(straight.looks_outside(), -sectors, axis=0))
    for box in (None, (3, 4, 9, 20)):
        rolled = None if box is None else (box[0] + sectors, box[1], box[2] + sectors, box[3])
        back, alpha = cut.unwarp(seen, box=box)
        expected, expected_alpha = straight.unwarp(np.roll(seen, sectors, axis=0), box=rolled)
        known = alpha == expected_alpha  # pixels between two cells may fall on either
        assert known.mean() > 0.98
        np.testing.assert_allclose(back[known], expected[known], atol=1e-3)
    tensor = torch.from_numpy(image).permute(2, 0, 1)
    np.testing.assert_allclose(LogPolar(cut)(tensor).permute(1, 2, 0), seen, atol=1e-9)
    back = InverseLogPolar(cut)(torch.from_numpy(seen).permute(2, 0, 1)).permute(1, 2, 0)
    np.testing.assert_allclose(back, cut.unwarp(seen)[0], atol=1e-9)
    matrix_SRC = (map_matrix(cut) @ image.reshape(-1, 3)).reshape(24, 30, 3)
    np.testing.assert_allclose(matrix_SRC, seen, atol=1e-9)
    outline = cut.sector_outline((3, 4, 9, 20))
    np.testing.assert_allclose(outline, straight.sector_outline((3 + sectors, 4, 9 + sectors, 20)), atol=1e-9)


def test_a_seam_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="seam_degrees is nan"):
        LogPolarMap(size=(8, 8), seam_degrees=float("nan"))
