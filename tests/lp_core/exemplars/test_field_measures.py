"""A gradient's place in the photograph, and a field's contrast: planted ones, and slow twins by loops."""

import math

import numpy as np
import pytest

from lp_core.exemplars.field_measures import LUMINANCE, energy_point, field_measures, one_turn
from lp_core.images.log_polar import LogPolarMap
from lp_core.measures.lesion import cell_area
from lp_core.measures.rings import fovea_radius
from lp_core.network.receptive_field import Box
from tests.reference.firing import jacobian

MAP = LogPolarMap(size=(32, 32), sectors=32, rings=32, foveal_scale=2.0)
FOVEA = fovea_radius(32)
BOXES = {
    "inside": (Box(4, 6, 14, 16), False),
    "beyond the corner": (Box(-3, -2, 7, 8), False),
    "beyond the other corner": (Box(20, 25, 40, 45), False),
    "around the seam": (Box(-3, 20, 7, 40), True),
    "the whole circle": (Box(0, -2, 32, 30), True),
}
CASES = [(name, log_polar) for name in BOXES for log_polar in (None, MAP) if log_polar or not BOXES[name][1]]


def energy_of(gradient_3hw, box, wraps, log_polar) -> np.ndarray:
    """[H, W], by loops and the map as a dense matrix."""
    whole = np.zeros((3, 32, 32))
    for i in range(box.bottom - box.top):
        for j in range(box.right - box.left):
            row, column = box.top + i, box.left + j
            if wraps:
                row %= 32
            if 0 <= row < 32 and 0 <= column < 32:
                whole[:, row, column] = gradient_3hw[:, i, j]
    if log_polar is not None:
        whole = np.stack([(jacobian(log_polar).T @ colour.ravel()).reshape(32, 32) for colour in whole])
    return (whole**2).sum(0)


@pytest.mark.parametrize(("name", "log_polar"), CASES)
def test_the_energy_is_where_loops_find_it(name, log_polar):
    (box, wraps), rng = BOXES[name], np.random.default_rng(1)
    gradient = rng.normal(size=(3, box.bottom - box.top, box.right - box.left)).astype(np.float32)
    image = rng.integers(0, 256, (32, 32, 3), np.uint8)
    measures = field_measures(gradient, image, box, log_polar, FOVEA, wraps=wraps)
    total, y, x, within = 0.0, 0.0, 0.0, 0.0
    for (row, column), energy in np.ndenumerate(energy_of(gradient, box, wraps, log_polar)):
        total, y, x = total + energy, y + energy * (row - 15.5), x + energy * (column - 15.5)
        within += energy * (math.hypot(row - 15.5, column - 15.5) < FOVEA)
    assert measures.energy_eccentricity_px == pytest.approx(math.hypot(y, x) / total, rel=1e-3)
    assert measures.energy_angle == pytest.approx(math.atan2(y, x), abs=1e-3)
    assert measures.energy_within_fovea == pytest.approx(within / total, rel=1e-3)
    point = energy_point(gradient, box, (32, 32), log_polar, wraps=wraps)
    assert point == pytest.approx((15.5 + y / total, 15.5 + x / total), abs=1e-3)


@pytest.mark.parametrize(("name", "log_polar"), CASES)
def test_contrast_is_the_deviation_over_the_photograph(name, log_polar):
    box, wraps = BOXES[name]
    image = np.random.default_rng(2).integers(0, 256, (32, 32, 3), np.uint8)
    area = np.ones((32, 32))
    if log_polar is not None:
        area = cell_area(log_polar.radius_of(np.arange(33) - 0.5), ~log_polar.looks_outside())
    values, weights = [], []
    for row in range(box.top, box.bottom):
        for column in range(box.left, box.right):
            if (wraps or 0 <= row < 32) and 0 <= column < 32:
                values.append(sum(w * int(c) for w, c in zip(LUMINANCE, image[row % 32, column], strict=True)) / 255)
                weights.append(area[row % 32, column])
    mean = sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)
    variance = sum(w * (v - mean) ** 2 for v, w in zip(values, weights, strict=True)) / sum(weights)
    gradient = np.ones((3, box.bottom - box.top, box.right - box.left), np.float32)
    contrast = field_measures(gradient, image, box, log_polar, FOVEA, wraps=wraps).patch_contrast
    assert contrast == pytest.approx(math.sqrt(variance), rel=1e-9)


def test_without_a_gradient_there_is_no_point():
    assert all(map(math.isnan, energy_point(np.zeros((3, 4, 4)), Box(4, 4, 8, 8), (32, 32), MAP, wraps=True)))


@pytest.mark.parametrize(("rows", "cut"), [(31, 0), (32, 0), (33, 1), (50, 18)])
def test_a_field_goes_around_a_circle_once(rows, cut):
    box, kept = one_turn(Box(-5, 0, rows - 5, 10), 32)
    assert box.bottom - box.top == rows - cut == len(range(rows)[kept])
    assert box.top == -5 + (kept.start or 0)


def test_both_views_of_one_place_agree():
    """Energy about a point 10 px to the lower left, seen as pixels and as cells."""
    angle = math.radians(135)
    y, x = round(15.5 + 10 * math.sin(angle)), round(15.5 + 10 * math.cos(angle))
    sector, ring = round(135 / 360 * 32), round(float(MAP.ring_of(10.0)))
    image = np.zeros((32, 32, 3), np.uint8)
    pixel = field_measures(np.ones((3, 1, 1)), image, Box(y, x, y + 1, x + 1), None, FOVEA, wraps=False)
    cell = field_measures(np.ones((3, 1, 1)), image, Box(sector, ring, sector + 1, ring + 1), MAP, FOVEA, wraps=True)
    assert pixel.energy_eccentricity_px == pytest.approx(cell.energy_eccentricity_px, abs=0.5)
    assert pixel.energy_angle == pytest.approx(angle, abs=0.05)
    assert cell.energy_angle == pytest.approx(angle, abs=0.05)
    assert pixel.gradient_norm == cell.gradient_norm == pytest.approx(math.sqrt(3))
    assert pixel.energy_within_fovea == cell.energy_within_fovea == 0


@pytest.mark.parametrize(("height", "hidden"), [(5, 0), (32, 0), (33, 0), (40, 4), (71, 19)])
def test_one_turn_is_the_middle_of_a_field_that_goes_around_more_than_once(height, hidden):
    turn, kept = one_turn(Box(-3, 2, height - 3, 9), 32)
    assert turn == Box(hidden - 3, 2, hidden - 3 + min(height, 32), 9)
    assert list(range(height))[kept] == list(range(hidden, hidden + min(height, 32)))


def test_no_gradient_has_no_place_and_fill_no_contrast():
    image = np.zeros((32, 32, 3), np.uint8)
    none = field_measures(np.zeros((3, 4, 4)), image, Box(4, 4, 8, 8), None, FOVEA, wraps=False)
    assert all(map(math.isnan, none[:3]))
    assert none.patch_contrast == none.gradient_norm == 0
    [row, column] = np.argwhere(MAP.looks_outside())[-1].tolist()
    fill = field_measures(np.ones((3, 1, 1)), image, Box(row, column, row + 1, column + 1), MAP, FOVEA, wraps=False)
    assert math.isnan(fill.patch_contrast)
