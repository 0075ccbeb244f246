"""The map's matrix is what `LogPolar` does to images, and its transpose what autograd sends back, to 1e-10."""

import numpy as np
import pytest
import torch

from lp_core.images.log_polar import LogPolarMap
from lp_core.images.map_matrix import map_matrix
from lp_core.images.tensor import LogPolar
from tests.reference.firing import jacobian

MAPS = {
    "224 px": LogPolarMap(size=(224, 224)),
    "foveal scale 4": LogPolarMap(size=(64, 64), sectors=64, rings=64, foveal_scale=4.0),
    "opencv": LogPolarMap(size=(48, 48), sectors=48, rings=48, law="opencv"),
    "paper-2018": LogPolarMap(size=(33, 33), sectors=40, rings=36, law="paper-2018", prefilter=False),
    "odd sides, halved twice": LogPolarMap(size=(151, 203), sectors=24, rings=16, fill=7.0),
    "off centre": LogPolarMap(size=(40, 40), sectors=32, rings=24, fixation_yx=(3.0, 38.5), radius=60.0),
}


@pytest.mark.parametrize("name", MAPS)
def test_matrix_and_transpose_are_those_of_the_module(name):
    log_polar, rng = MAPS[name], np.random.default_rng(0)
    x_2CHW = torch.tensor(rng.normal(size=(1, 3, *log_polar.size)), requires_grad=True)
    image_NCSR = LogPolar(log_polar)(x_2CHW)
    constant_NCSR = LogPolar(log_polar)(torch.zeros_like(x_2CHW))
    matrix, (height, width) = map_matrix(log_polar), log_polar.size
    columns = x_2CHW.detach().numpy().reshape(3, height * width).T
    expected = (image_NCSR - constant_NCSR).detach().numpy().reshape(3, -1).T
    np.testing.assert_allclose(matrix @ columns, expected, atol=1e-10)
    g = rng.normal(size=tuple(image_NCSR.shape))
    (back_NCHW,) = torch.autograd.grad(image_NCSR, x_2CHW, torch.tensor(g))
    moved = (matrix.T @ g.reshape(3, -1).T).T.reshape(1, 3, height, width)
    np.testing.assert_allclose(moved, back_NCHW.numpy(), atol=1e-10)


def test_the_matrix_equals_its_slow_twin():
    log_polar = LogPolarMap(size=(24, 28), sectors=20, rings=18)
    np.testing.assert_allclose(map_matrix(log_polar).toarray(), jacobian(log_polar), atol=1e-5)
