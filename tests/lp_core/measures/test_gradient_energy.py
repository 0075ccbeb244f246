"""`gradient_energy`: the gradient goes to the photograph by the transpose of the map, to 1e-10."""

import itertools

import numpy as np
import pytest
import torch

from lp_core.images.log_polar import LogPolarMap
from lp_core.images.tensor import LogPolar
from lp_core.measures.gradient_energy import (
    annulus_energy,
    energy_centroid,
    energy_within,
    photograph_gradient,
    ring_energy,
)
from lp_core.measures.rings import bin_edges, edge_radii
from tests.reference.firing import energy_by_ring, jacobian

MAPS = {
    "monopole": LogPolarMap(size=(24, 28), sectors=20, rings=18),
    "opencv": LogPolarMap(size=(24, 24), sectors=16, rings=20, law="opencv"),
    "grey fill": LogPolarMap(size=(24, 24), sectors=16, rings=20, fill=0.5),
    "off centre": LogPolarMap(size=(24, 24), sectors=16, rings=20, fixation_yx=(5.0, 16.5), prefilter=False),
}


@pytest.mark.parametrize("name", MAPS)
def test_the_transpose_is_that_of_the_map(name):
    log_polar = MAPS[name]
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(1, *log_polar.size, 3)), rng.normal(size=(1, log_polar.sectors, log_polar.rings, 3))
    zero_and_x = torch.tensor(np.moveaxis(np.concatenate([0 * x, x]), 3, 1))
    constant, moved = np.moveaxis(LogPolar(log_polar)(zero_and_x).numpy(), 1, 3)
    forward = ((moved - constant) * y[0]).sum()
    assert forward == pytest.approx((x * photograph_gradient(y, log_polar)).sum(), rel=1e-10)


@pytest.mark.parametrize("name", ["monopole", "opencv", "off centre"])
def test_the_gradient_equals_its_slow_twin(name):
    log_polar = MAPS[name]
    g = np.random.default_rng(1).normal(size=(2, log_polar.sectors, log_polar.rings, 1))
    expected = np.stack([jacobian(log_polar).T @ one.ravel() for one in g]).reshape(2, *log_polar.size, 1)
    np.testing.assert_allclose(photograph_gradient(g, log_polar), expected, atol=1e-4)


def test_the_fovea_gathers_what_a_picture_averages():
    """Where many cells look at one pixel, the derivative is their sum."""
    log_polar = LogPolarMap(size=(64, 64), sectors=64, rings=64)
    g = np.ones((1, 64, 64, 1))
    gradient = photograph_gradient(g, log_polar)[0, :, :, 0]
    density = log_polar.density()
    assert gradient[31:33, 31:33].mean() > 5
    annulus = (np.hypot(*np.indices((64, 64)) - 31.5) > 8) & (np.hypot(*np.indices((64, 64)) - 31.5) < 28)
    assert gradient[annulus].mean() == pytest.approx(density[annulus].mean(), rel=0.05)


def test_energy_by_ring_and_by_annulus():
    rng = np.random.default_rng(2)
    log_polar = MAPS["monopole"]
    g = rng.normal(size=(3, 20, 18, 3)).astype(np.float32)
    edges = bin_edges(18, 5)
    expected = [
        [float((g[n, :, a:b].astype(float) ** 2).sum()) for a, b in itertools.pairwise(edges)] for n in range(3)
    ]
    np.testing.assert_allclose(ring_energy(g, edges), expected)
    moved = photograph_gradient(g, log_polar)
    radii = edge_radii(edges, 1, log_polar.radius_of)
    twin = [energy_by_ring((one**2).sum(2), radii, log_polar.centre_yx) for one in moved]
    np.testing.assert_allclose(annulus_energy(moved, radii, log_polar.centre_yx), twin)


def test_energy_within_a_radius_is_a_share():
    gradient = np.zeros((2, 9, 9, 3))
    gradient[0, 4, 5, 0], gradient[0, 0, 0, 2] = 1.0, -2.0
    share = energy_within(gradient, 3.0, (4.0, 4.0))
    assert share[0] == pytest.approx(0.2)
    assert np.isnan(share[1])


def test_the_centroid_is_where_the_energy_is():
    gradient = np.zeros((3, 9, 9, 3))
    gradient[0, 4, 7, 1] = -2.0
    gradient[1, 6, 4, :] = 0.5
    centroid = energy_centroid(gradient, (4.0, 4.0))
    np.testing.assert_allclose(centroid[0], [3, 0], atol=1e-12)
    np.testing.assert_allclose(centroid[1], [2, np.pi / 2], atol=1e-12)  # below: clockwise from the right
    assert np.isnan(centroid[2]).all()


def test_a_gradient_of_another_map_is_refused():
    with pytest.raises(ValueError, match=r"\(1, 18, 20, 3\).*\[N, 20, 18, C\]"):
        photograph_gradient(np.zeros((1, 18, 20, 3)), MAPS["monopole"])
