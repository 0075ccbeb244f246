"""`lesion`: blanked cells are as many, or cover as much photograph, as the fovea's."""

import numpy as np
import pytest

from lp_core.images.log_polar import LogPolarMap
from lp_core.measures.lesion import blanked, cell_area, equal_area, equal_cells, foveal_cells

MAP = LogPolarMap(size=(224, 224))
RADIUS_R = MAP.radius_of(np.arange(224))
AREA_SR = cell_area(MAP.radius_of(np.arange(225) - 0.5), ~MAP.looks_outside())


@pytest.mark.parametrize("radius", [1.0, 4.0, 9.0])
@pytest.mark.parametrize("seed", range(5))
def test_controls_are_as_large_and_elsewhere(radius, seed):
    rng = np.random.default_rng(seed)
    fovea = foveal_cells(RADIUS_R, radius, 224)
    assert (fovea == MAP.looks_within(radius)).all()
    cells, area = equal_cells(fovea, rng), equal_area(fovea, AREA_SR, rng)
    assert cells.sum() == fovea.sum()
    assert not (cells & fovea).any()
    assert not (area & fovea).any()
    assert abs(AREA_SR[area].sum() - AREA_SR[fovea].sum()) <= AREA_SR[area].max()


def test_controls_fall_everywhere():
    fovea = foveal_cells(RADIUS_R, 4.0, 224)
    masks = [equal_cells(fovea, np.random.default_rng(seed)) for seed in range(300)]
    assert np.any(masks, axis=(0, 1)).tolist() == (~fovea[0]).tolist()


def test_cells_stand_for_the_photograph():
    assert AREA_SR.sum() == pytest.approx(224**2, rel=0.01)
    assert (AREA_SR[MAP.looks_outside()] == 0).all()


@pytest.mark.parametrize("radius", [0.0, 400.0])
def test_lesions_of_nothing_and_of_everything_are_refused(radius):
    with pytest.raises(ValueError, match=f"rings are within {radius:g} px"):
        foveal_cells(RADIUS_R, radius, 224)


def test_a_fovea_of_most_rings_has_a_control_of_equal_area_only():
    fovea, rng = foveal_cells(RADIUS_R, 35.7, 224), np.random.default_rng(0)
    with pytest.raises(ValueError, match="160 of 224 rings"):
        equal_cells(fovea, rng)
    area = equal_area(fovea, AREA_SR, rng)
    assert AREA_SR[area].sum() == pytest.approx(AREA_SR[fovea].sum(), rel=0.01)


def test_a_photograph_that_the_fovea_takes_up_is_refused():
    fovea = np.tile([True, False, False], (4, 1))
    with pytest.raises(ValueError, match="more than all other rings"):
        equal_area(fovea, np.tile([9.0, 1.0, 1.0], (4, 1)), np.random.default_rng(0))


def test_only_masked_cells_are_blanked():
    images = np.arange(2 * 4 * 3 * 3, dtype=np.uint8).reshape(2, 4, 3, 3)
    mask = np.zeros((4, 3), bool)
    mask[1, 2] = True
    result = blanked(images, mask, np.array([123.6, 116.2, 103.5]))
    assert result.dtype == np.uint8
    assert result[:, 1, 2].tolist() == [[124, 116, 104]] * 2
    np.testing.assert_array_equal(result[:, ~mask], images[:, ~mask])
