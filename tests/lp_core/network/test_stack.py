"""`Stack` reads what a network computes from its modules, and refuses by name what it does not understand."""

import pytest
import torch
import torchvision
from hypothesis import given, settings
from torch import nn
from torch.nn.utils import prune

from lp_core.network.layers import vgg
from lp_core.network.receptive_field import map_shape, receptive_field
from lp_core.network.stack import Stack
from tests.reference.stacks import NETWORKS, SIDES, Functional, network_of, plain_maps, plain_modules, stacks

CASES = [pytest.param(name, id=name) for name in NETWORKS]


def check_maps(network: nn.Module, shape_SR: tuple[int, int]) -> None:
    """Names, map shapes and maps are those of the modules themselves."""
    x = torch.randn(2, 3, *shape_SR, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    stack = Stack.of(network)
    expected = plain_maps(network, x.clone())
    assert len(stack.layers) == len(expected)
    y = x
    found = {}
    for step in stack.steps:
        y = step.module(y)
        y = y.clamp(min=0) if step.relu else y
        if step.layer:
            found[step.layer] = y
    for layer, (_, map_NCSR) in zip(stack.layers, expected, strict=True):
        assert map_shape(layer, shape_SR, stack.architecture) == tuple(map_NCSR.shape[2:])
        assert stack.architecture[layer].channels == map_NCSR.shape[1]
        torch.testing.assert_close(found[layer], map_NCSR, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_known_networks_have_the_maps_of_their_modules(name: str) -> None:
    with torch.no_grad():
        check_maps(network_of(name), NETWORKS[name][1])


@given(stacks())
@settings(max_examples=60)
def test_random_stacks_have_the_maps_of_their_modules(network: nn.Sequential) -> None:
    with torch.no_grad():
        check_maps(network, SIDES)
    names = [name for name, _ in plain_maps(network, torch.zeros(1, 3, *SIDES, dtype=torch.float64))]
    assert list(Stack.of(network).layers) == names


@given(stacks())
@settings(max_examples=40)
def test_the_box_holds_all_that_a_unit_sees(network: nn.Sequential) -> None:
    """By experiment: ones for weights, means for maxima and no ReLUs, so that no path from px to unit is lost."""
    stack = Stack.of(network)
    layer = list(stack.layers)[-1]
    x = torch.zeros(1, 3, *SIDES, dtype=torch.float64, requires_grad=True)
    y = x
    for _, module in plain_modules(network):
        if isinstance(module, nn.Conv2d):
            ones = torch.ones_like(module.weight)
            y = nn.functional.conv2d(y, ones, None, module.stride, module.padding, module.dilation, module.groups)
        elif isinstance(module, nn.MaxPool2d):
            # A dilated mean: a convolution of each channel by itself, over padding that is nothing.
            ones = torch.ones(y.shape[1], 1, module.kernel_size, module.kernel_size, dtype=torch.float64)
            rows, cols = module(y).shape[2:]
            wide = nn.functional.pad(y, [module.padding, 99, module.padding, 99])
            y = nn.functional.conv2d(wide, ones, None, module.stride, 0, module.dilation, y.shape[1])[
                :, :, :rows, :cols
            ]
        elif isinstance(module, nn.AvgPool2d):
            y = module(y)
    field = receptive_field(layer, stack.architecture)
    rows, cols = y.shape[2:]
    for row, col in {(0, 0), (rows - 1, cols - 1), (rows // 2, cols // 2)}:
        (seen,) = torch.autograd.grad(y[0, :, row, col].sum(), x, retain_graph=True)
        box = field.box(row, col)
        assert seen.any() or (row, col) != (rows // 2, cols // 2)  # a corner may see padding alone
        seen[:, :, max(box.top, 0) : max(box.bottom, 0), max(box.left, 0) : max(box.right, 0)] = 0
        assert not seen.any()


@pytest.mark.parametrize("depth", [11, 13, 16, 19])
def test_torchvisions_vggs_have_the_layers_of_the_table(depth: int) -> None:
    with torch.device("meta"):
        for name in (f"vgg{depth}", f"vgg{depth}_bn"):
            assert Stack.of(torchvision.models.get_model(name)).architecture == vgg(depth)


def test_layers_have_names_of_the_module_tree() -> None:
    assert list(Stack.of(network_of("alexnet")).layers) == [f"features.{number}" for number in (0, 3, 6, 8, 10)]
    assert list(Stack.of(Functional()).layers) == ["first", "second"]
    nested = nn.Sequential(nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU()), nn.Conv2d(2, 2, 1), nn.ReLU(), nn.Flatten())
    assert list(Stack.of(nested).layers) == ["0.0", "1"]


class _Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        y = torch.relu(self.first(x))
        return torch.relu(self.second(y) + y)


class _Undecided(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.first(x) if x.sum() > 0 else x


class _Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return torch.relu(self.first(2 * x))


def _after_first(*modules: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), *modules)


REFUSED = {
    "residual": (_Residual, r"^add of _Residual joins branches.* only sequential networks are"),
    "resnet18": (lambda: torchvision.models.resnet18(), r"^add of ResNet joins branches"),
    "squeezenet": (lambda: torchvision.models.squeezenet1_1(), r"SqueezeNet joins branches"),
    "mobilenet": (lambda: torchvision.models.mobilenet_v2(), r"^add of MobileNetV2 joins branches"),
    "branching": (_Undecided, r"^the forward of _Undecided cannot be followed \(.*\); give an nn.Sequential"),
    "other functions": (_Twice, r"^mul of _Twice is mul, which is not computed"),
    "leaky": (lambda: _after_first(nn.LeakyReLU()), r"^1 is LeakyReLU, which is not computed; a network may have"),
    "transposed": (lambda: _after_first(nn.ConvTranspose2d(4, 4, 3)), r"^1 is ConvTranspose2d, which is not"),
    "normalised before": (
        lambda: _after_first(nn.ReLU(), nn.BatchNorm2d(4)),
        r"^2 is BatchNorm2d not right after a convolution, which is not computed",
    ),
    "normalised input": (lambda: nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3)), "BatchNorm2d at the very begin"),
    "batch statistics": (
        lambda: _after_first(nn.BatchNorm2d(4, track_running_stats=False)),
        "^1 is BatchNorm2d without running statistics",
    ),
    "circular": (
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular")),
        "^0 has padding_mode circular; only zeros",
    ),
    "oblong": (lambda: nn.Sequential(nn.Conv2d(3, 4, (3, 5))), r"^0 has kernel_size \(3, 5\); give one number"),
    "even and same": (lambda: nn.Sequential(nn.Conv2d(3, 4, 2, padding="same")), "^0 has padding 'same' and an even"),
    "indices": (lambda: _after_first(nn.MaxPool2d(2, return_indices=True)), "^1 returns indices"),
    "behind the classifier": (
        lambda: _after_first(nn.AdaptiveAvgPool2d(4), nn.Conv2d(4, 2, 4)),
        "^2 is a convolution behind 1, where a classifier begins",
    ),
    "compiled": (lambda: torch.compile(_after_first(nn.ReLU())), "^the network is compiled; give the module that"),
    "lazy": (lambda: nn.Sequential(nn.LazyConv2d(4, 3), nn.ReLU()), "^0 is lazy and has no weights yet"),
    "pruned": (
        lambda: _after_first(prune.identity(nn.Conv2d(4, 4, 3), "weight")),
        r"^1 is pruned; make that permanent with torch.nn.utils.prune.remove",
    ),
    "no convolution": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(3, 2)), "^Sequential has no convolution"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_understood_is_refused_by_name(name: str) -> None:
    make, says = REFUSED[name]
    with torch.device("meta"):
        network = make().eval()
    with pytest.raises(ValueError, match=says):
        Stack.of(network)
