"""`tensor` equals the NumPy maps in value, passes gradients, and behaves as a torchvision v2 transform."""

import numpy as np
import pytest
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

from lp_core.images.log_polar import LogPolarMap
from lp_core.images.tensor import InverseLogPolar, LogPolar

MAPS = [
    LogPolarMap(size=(48, 48), sectors=40, rings=36),
    LogPolarMap(size=(61, 47), sectors=24, rings=18, fill=3.0, radius="inscribed"),
    LogPolarMap(size=(90, 90), sectors=16, rings=12, fill=-1.0),  # three levels of the pyramid
    LogPolarMap(size=(40, 52), sectors=30, rings=30, law="opencv", fixation_yx=(3.0, 60.0)),
    LogPolarMap(size=(40, 40), sectors=30, rings=30, law="paper-2018", prefilter=False),
    LogPolarMap(size=(1, 1), sectors=3, rings=3, radius=2.0),
]
IDS = ["square", "odd", "coarse", "outside", "paper", "pixel"]


def channels_first(image):
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(image, -1, -3)))


@pytest.mark.parametrize("log_polar", MAPS, ids=IDS)
def test_equals_numpy_in_float64(log_polar):
    batch = np.random.default_rng(0).normal(size=(2, *log_polar.size, 5))
    warped = log_polar.warp(batch)
    np.testing.assert_allclose(LogPolar(log_polar)(channels_first(batch)), channels_first(warped), atol=1e-9)


@pytest.mark.parametrize("log_polar", MAPS, ids=IDS)
@pytest.mark.parametrize(("scale", "supersample"), [(1, 1), (2, 3)])
def test_inverse_equals_numpy_in_float64(log_polar, scale, supersample):
    batch = np.random.default_rng(0).normal(size=(2, log_polar.sectors, log_polar.rings, 3))
    expected, _ = log_polar.unwarp(batch, scale=scale, supersample=supersample)
    inverse = InverseLogPolar(log_polar, scale=scale, supersample=supersample)
    np.testing.assert_allclose(inverse(channels_first(batch)), channels_first(expected), atol=1e-9)


@pytest.mark.parametrize("prefilter", [False, True])
def test_uint8_within_a_level(squares, prefilter):
    log_polar = LogPolarMap(size=(224, 224), prefilter=prefilter)
    module = LogPolar(log_polar)
    for image in squares[:4]:
        ours = module(channels_first(image)).numpy().astype(int)
        assert np.abs(ours - np.moveaxis(log_polar.warp(image), -1, 0)).max() <= 1


@pytest.mark.parametrize("prefilter", [False, True])
def test_gradients(prefilter):
    log_polar = LogPolarMap(size=(7, 9), sectors=6, rings=4, prefilter=prefilter)
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(2, 2, 7, 9, dtype=torch.float64, generator=generator, requires_grad=True)
    assert torch.autograd.gradcheck(LogPolar(log_polar), image, fast_mode=True)
    rings = torch.rand(1, 2, 6, 4, dtype=torch.float64, generator=generator, requires_grad=True)
    assert torch.autograd.gradcheck(InverseLogPolar(log_polar, supersample=2), rings, fast_mode=True)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float32, torch.uint8, torch.int16])
@pytest.mark.parametrize("leading", [(), (3,), (2, 3), (2, 4, 3)])
def test_any_dtype_and_leading_axes(kind, leading):
    image = torch.randint(0, 100, (*leading, 20, 22)).to(kind)
    log_polar = LogPolarMap(size=(20, 22), sectors=16, rings=14)
    warped = LogPolar(log_polar)(image)
    assert warped.dtype == kind
    assert warped.shape == (*leading, 16, 14)
    back = InverseLogPolar(log_polar)(warped)
    assert back.dtype == kind
    assert back.shape == image.shape


def test_is_a_v2_transform():
    log_polar = LogPolarMap(size=(32, 32), sectors=24, rings=20)
    transform = v2.Compose([v2.Resize((32, 32)), LogPolar(log_polar), v2.ToDtype(torch.float32, scale=True)])
    result = transform(tv_tensors.Image(torch.randint(0, 256, (3, 50, 60), dtype=torch.uint8)))
    assert isinstance(result, tv_tensors.Image)
    assert result.shape == (3, 24, 20)


def test_moves_and_saves_like_any_module():
    module = LogPolar(MAPS[0])
    assert module.state_dict() == {}  # tables are made anew from the map
    assert module.to("meta")._bands
    assert "sectors=40" in repr(module)


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match=r"shape \(3, 8, 9\); this map is for \[..., 48, 48\]"):
        LogPolar(MAPS[0])(torch.zeros(3, 8, 9))
