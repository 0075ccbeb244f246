"""`log_polar` keeps its invariants on random maps and images (hypothesis): range, linearity, dtype, NaN."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lp_core.images.log_polar import LogPolarMap

sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))
laws = st.sampled_from(["monopole", "opencv", "paper-2018"])
coordinates = st.floats(-60, 60, allow_nan=False).map(lambda value: round(value, 2))
quick = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def maps(draw):
    fixation = draw(st.none() | st.tuples(coordinates, coordinates))
    return LogPolarMap(
        size=draw(sizes),
        sectors=draw(st.integers(1, 30)),
        rings=draw(st.integers(1, 30)),
        law=draw(laws),
        fixation_yx=fixation,
        radius=draw(st.sampled_from([1.5, 20.0, 300.0])),
        foveal_scale=draw(st.sampled_from([0.2, 1.0, 25.0])),
        fill=draw(st.integers(0, 255)),
        prefilter=draw(st.booleans()),
    )


@quick
@given(maps(), st.sampled_from([(), (1,), (2,), (3,), (4,), (5,)]), st.sampled_from(["uint8", "float32"]))
def test_cells_stay_between_the_image_and_the_fill(log_polar, channels, kind):
    image = np.random.default_rng(1).integers(0, 256, (*log_polar.size, *channels)).astype(kind)
    warped = log_polar.warp(image)
    assert warped.shape == (log_polar.sectors, log_polar.rings, *channels)
    assert warped.dtype == image.dtype
    assert warped.min() >= min(image.min(), log_polar.fill) - 1e-3
    assert warped.max() <= max(image.max(), log_polar.fill) + 1e-3
    back, alpha = log_polar.unwarp(warped)
    assert back.shape == image.shape
    assert alpha.shape == log_polar.size
    assert (back[alpha == 0] == log_polar.fill).all()


@quick
@given(maps())
def test_uint8_and_float_agree(log_polar):
    image = np.random.default_rng(2).integers(0, 256, (*log_polar.size, 3), dtype=np.uint8)
    # Every halving and every mean of 2 x 2 rounds once.
    assert np.abs(log_polar.warp(image) - log_polar.warp(image.astype(np.float64))).max() <= 3


@quick
@given(maps())
def test_a_constant_image_in_a_fill_of_its_own_stays_constant(log_polar):
    image = np.full((*log_polar.size, 3), log_polar.fill, np.uint8)
    warped = log_polar.warp(image)
    assert (warped == log_polar.fill).all()
    back, _ = log_polar.unwarp(warped)
    assert np.abs(back.astype(int) - log_polar.fill).max() <= 4  # at the rim, where little is known


@quick
@given(maps())
def test_linear_in_the_image(log_polar):
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, *log_polar.size))
    fill = log_polar.warp(0 * a)
    mixed = log_polar.warp(2 * a - 3 * b) - fill
    np.testing.assert_allclose(mixed, 2 * (log_polar.warp(a) - fill) - 3 * (log_polar.warp(b) - fill), atol=1e-9)


@quick
@given(maps(), st.floats(0, 29))
def test_rings_and_radii_are_inverse(log_polar, ring):
    assert log_polar.ring_of(log_polar.radius_of(ring)) == pytest.approx(ring, abs=1e-6)


@pytest.mark.parametrize("value", [0, 200])
def test_one_pixel(value):
    log_polar = LogPolarMap(size=(1, 1), sectors=4, rings=4, fill=7, radius=3.0)
    warped = log_polar.warp(np.full((1, 1), value, np.uint8))
    assert (warped[:, 0] == value).all()
    assert (warped[:, -1] == 7).all()
    assert log_polar.unwarp(warped)[0] == value


@pytest.mark.parametrize("prefilter", [False, True])
def test_nan_stays_where_it_is_seen(prefilter):
    image = np.zeros((33, 33))
    image[16, 30] = np.nan
    log_polar = LogPolarMap(size=(33, 33), sectors=32, rings=32, prefilter=prefilter)
    row, column = np.nonzero(np.isnan(log_polar.warp(image)))
    assert len(row)
    assert set(row) <= {31, 0, 1, 30, 2}
    radius = log_polar.radius_of(column)
    assert radius.min() > 10
    assert radius.max() < 18
