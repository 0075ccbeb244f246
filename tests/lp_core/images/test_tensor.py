"""`tensor` equals the NumPy maps in value, passes gradients, and behaves as a torchvision v2 transform."""

import copy
import pickle

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
def test_uint8_equals_numpy_and_float32_is_within_a_level(squares, prefilter):
    log_polar = LogPolarMap(size=(224, 224), prefilter=prefilter)
    module = LogPolar(log_polar)
    for image in squares[:4]:
        by_numpy = torch.from_numpy(np.moveaxis(log_polar.warp(image), -1, 0).copy())
        assert torch.equal(module(channels_first(image)), by_numpy)
        assert (module(channels_first(image).float()) - by_numpy).abs().max() <= 1.5


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


def test_saves_like_any_module():
    module = LogPolar(MAPS[0])
    assert module.state_dict() == {}  # tables are made anew from the map
    assert "sectors=40" in repr(module)


CONVERSIONS = {
    "bfloat16": lambda module: module.bfloat16(),
    "half": lambda module: module.half(),
    "double": lambda module: module.double(),
    "to(bfloat16)": lambda module: module.to(torch.bfloat16),
    "to(like)": lambda module: module.to(torch.zeros(1, dtype=torch.half)),
    "type": lambda module: module.type(torch.float16),
    "there and back": lambda module: module.half().float(),
    "within another": lambda module: torch.nn.Sequential(module).bfloat16()[0],
    "share_memory": lambda module: module.share_memory(),
    "meta and back": lambda module: module.to("meta").bfloat16().to_empty(device="cpu"),
    "memory without values": lambda module: module.to_empty(device="cpu"),
    "copied": lambda module: copy.deepcopy(module).half(),
    "pickled": lambda module: pickle.loads(pickle.dumps(module)).half(),
}


@pytest.mark.parametrize("conversion", CONVERSIONS)
@pytest.mark.parametrize("make", [LogPolar, InverseLogPolar])
@pytest.mark.parametrize("log_polar", MAPS[:3], ids=IDS[:3])
def test_tables_follow_the_device_and_never_the_dtype(log_polar, make, conversion):
    shape = log_polar.size if make is LogPolar else (log_polar.sectors, log_polar.rings)
    image = torch.rand((2, 3, *shape), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    module = CONVERSIONS[conversion](make(log_polar))
    assert torch.equal(module(image), make(log_polar)(image))
    assert {table.dtype for table in module.buffers()} <= {torch.float32, torch.bool}
    assert module.to("meta").get_buffer("y0" if make is LogPolar else "row").is_meta


def test_before_a_network_in_half_precision():
    log_polar = LogPolarMap(size=(224, 224))
    image = 255 * torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    model = torch.nn.Sequential(LogPolar(log_polar), torch.nn.Identity(), InverseLogPolar(log_polar)).bfloat16()
    expected = LogPolar(log_polar)(image.bfloat16())
    assert torch.equal(model[0](image.bfloat16()), expected)
    assert torch.equal(model(image.bfloat16()), InverseLogPolar(log_polar)(expected))


def agree(compiled: torch.Tensor, module: torch.nn.Module, x: torch.Tensor) -> bool:
    """Equal; within 2 grey levels of noise where uint8 images go through OpenCV, which is not in the graph."""
    by_opencv = isinstance(module, LogPolar) and x.dtype == torch.uint8
    return (compiled.double() - module(x).double()).abs().max().item() <= (2 if by_opencv else 0)


@pytest.mark.filterwarnings("default")  # the compiler's own
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.uint8])
@pytest.mark.parametrize("make", [LogPolar, InverseLogPolar])
class TestCompilers:
    def given(self, make, kind, images: int):
        log_polar = MAPS[2]
        shape = log_polar.size if make is LogPolar else (log_polar.sectors, log_polar.rings)
        generator = torch.Generator().manual_seed(images)
        return make(log_polar), (255 * torch.rand((images, 3, *shape), generator=generator)).to(kind)

    @pytest.mark.parametrize("dynamic", [False, True])
    def test_export(self, make, kind, dynamic):
        module, x = self.given(make, kind, 2)
        shapes = ({0: torch.export.Dim("images", min=1)},) if dynamic else None
        exported = torch.export.export(module, (x,), dynamic_shapes=shapes).module()
        assert agree(exported(x), module, x)
        for images in (1, 5) if dynamic else ():
            _, other = self.given(make, kind, images)
            assert agree(exported(other), module, other)

    @pytest.mark.parametrize("dynamic", [pytest.param(False, marks=pytest.mark.slow), True])
    def test_compile_in_one_graph(self, make, kind, dynamic):
        torch.compiler.reset()
        module, x = self.given(make, kind, 2)
        compiled = torch.compile(module, fullgraph=True, dynamic=dynamic, backend="aot_eager")
        for images in (2, 1, 5):
            _, x = self.given(make, kind, images)
            assert agree(compiled(x), module, x)

    @pytest.mark.slow  # a C++ compiler's minute
    def test_compile_to_machine_code(self, make, kind):
        torch.compiler.reset()
        module, x = self.given(make, kind, 2)
        most = {torch.float32: 1e-3, torch.bfloat16: 2.0, torch.uint8: 1.0}[kind]
        found = torch.compile(module, fullgraph=True)(x)
        assert (found.double() - module(x).double()).abs().max() <= most


def test_an_empty_batch_stays_empty():
    assert LogPolar(MAPS[0])(torch.zeros(0, 3, 48, 48)).shape == (0, 3, 40, 36)
    assert InverseLogPolar(MAPS[0])(torch.zeros(0, 3, 40, 36)).shape == (0, 3, 48, 48)


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (torch.zeros(1, 48, 48, dtype=torch.bool), r"Tensor holds torch\.bool values, which have no means"),
        (torch.zeros(1, 48, 48, dtype=torch.complex64), r"torch\.complex64 values"),
        (tv_tensors.Mask(torch.zeros(1, 48, 48, dtype=torch.uint8)), r"Mask holds torch\.uint8 labels"),
    ],
    ids=["truth", "complex", "labels"],
)
def test_what_has_no_mean_is_refused(image, says):
    with pytest.raises(TypeError, match=says):
        LogPolar(MAPS[0])(image)


def test_a_fill_that_no_tensor_can_mix_is_refused():
    with pytest.raises(ValueError, match="fill is nan; give LogPolar a map with a finite number"):
        LogPolar(LogPolarMap(size=(8, 8), fill=float("nan")))


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match=r"shape \(3, 8, 9\); this map is for \[..., 48, 48\]"):
        LogPolar(MAPS[0])(torch.zeros(3, 8, 9))
