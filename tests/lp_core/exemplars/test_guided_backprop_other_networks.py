"""Networks of others: `guided_backprop` takes torchvision's VGG-16, and refuses what it would not compute."""

import pytest
import torch
import torchvision

from lp_core.exemplars.guided_backprop import guided_backprop, whole_image
from lp_core.exemplars.peaks import find_peaks
from lp_core.network.vgg16 import VGG16, AngleConv2d
from lp_core.settings import NetworkSettings
from tests.lp_core.exemplars.test_guided_backprop import EXACT, cropped, relative, special_units
from tests.reference.guided_backprop import from_one_unit


def theirs(plan: list, batch_norm: bool = False) -> torchvision.models.VGG:
    """torchvision's network of some layers; its large classifier takes no memory."""
    features = torchvision.models.vgg.make_layers(plan, batch_norm)
    with torch.device("meta"):
        return torchvision.models.VGG(features, init_weights=False).eval()


def changed(index: int, module: torch.nn.Module | None, features=None):
    """torchvision's VGG-16 as far as conv2_2, with one module in another's place (None: left out)."""
    network = theirs([8, 8, "M", 8, 8])
    modules = list(network.features)
    modules[index : index + 1] = [] if module is None else [module]
    network.features = (features or torch.nn.Sequential)(*modules)
    return network


class _Twice(torch.nn.Sequential):
    def forward(self, x):
        return super().forward(2 * x)


class _Own(VGG16):
    def forward(self, x):
        return super().forward(torch.nn.functional.leaky_relu(x))


class _Scaled(torch.nn.Conv2d):
    def forward(self, x):
        return super().forward(x) / 2


def _hooked():
    network = changed(1, torch.nn.ReLU())
    network.features[2].register_forward_hook(lambda module, given, result: 2 * result)
    return network


def _functional():
    """Modules of VGG-16 without its ReLUs, which its forward pass calls as functions."""
    network = changed(1, None)
    network.features = torch.nn.Sequential(*(m for m in network.features if not isinstance(m, torch.nn.ReLU)))
    return network


OTHERS = {
    "batch norm": (
        lambda: theirs([8, 8, "M", 8, 8], batch_norm=True),
        r"features\.1 is BatchNorm2d, where VGG-16 has ReLU",
    ),
    "leaky": (lambda: changed(1, torch.nn.LeakyReLU()), r"features\.1 is LeakyReLU, where VGG-16 has ReLU"),
    "mean": (lambda: changed(4, torch.nn.AvgPool2d(2)), r"features\.4 is AvgPool2d, where VGG-16 has MaxPool2d"),
    "dropout": (lambda: changed(2, torch.nn.Dropout()), r"features\.2 is Dropout, where VGG-16 has Conv2d"),
    "without a ReLU": (lambda: changed(1, None), r"features\.1 is Conv2d, where VGG-16 has ReLU"),
    "functional": (_functional, r"features\.1 is Conv2d, where VGG-16 has ReLU"),
    "shorter": (lambda: changed(8, None), r"features\.8 is nothing, where VGG-16 has ReLU"),
    "stride": (lambda: changed(2, torch.nn.Conv2d(8, 8, 3, 2, 1)), r"features\.2 has stride \(2, 2\), VGG-16 \(1, 1\)"),
    "5 x 5": (lambda: changed(2, torch.nn.Conv2d(8, 8, 5, padding=2)), r"features\.2 has kernel_size \(5, 5\)"),
    "groups": (lambda: changed(2, torch.nn.Conv2d(8, 8, 3, padding=1, groups=2)), "has groups 2, VGG-16 1"),
    "reflects": (
        lambda: changed(2, torch.nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect")),
        "has padding_mode reflect, VGG-16 zeros",
    ),
    "pool of 3": (lambda: changed(4, torch.nn.MaxPool2d(3, 2)), "has kernel_size 3, VGG-16 2"),
    "ceiling": (lambda: changed(4, torch.nn.MaxPool2d(2, ceil_mode=True)), "has ceil_mode True, VGG-16 False"),
    "subclass": (lambda: changed(2, _Scaled(8, 8, 3, padding=1)), r"features\.2 is _Scaled, where VGG-16 has Conv2d"),
    "parametrized": (
        lambda: changed(2, torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv2d(8, 8, 3, padding=1))),
        r"features\.2 is ParametrizedConv2d",
    ),
    "one of two wraps": (lambda: changed(2, AngleConv2d(8, 8, 3, padding=1)), r"features\.2 is AngleConv2d"),
    "own features": (lambda: changed(1, torch.nn.ReLU(), _Twice), "its `features` is _Twice, not torch.nn.Sequential"),
    "own forward": (lambda: _Own(2, NetworkSettings(width=1 / 16)), "_Own has a forward of its own"),
    "bare features": (
        lambda: changed(1, torch.nn.ReLU()).features,
        "Sequential is not VGG-16: its `features` is nothing",
    ),
    "hooks": (_hooked, r"features\.2 has hooks, which may change what it computes; remove them"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_other_networks_are_refused_by_the_module_that_is_not_computed(other, random_images) -> None:
    make, message = OTHERS[other]
    network = make()
    for function in (guided_backprop, whole_image):
        with pytest.raises(ValueError, match=message):
            function(network, random_images(1, 32, 32), "conv2_2", [(0, 3, 3)])
    with pytest.raises(ValueError, match=r"VGG-16|hooks|forward"):
        find_peaks(network, random_images(1, 32, 32))


def test_torchvisions_network_is_vgg16(random_images) -> None:
    torch.manual_seed(0)
    plan = [8, 8, "M", 8, 8, "M", 8, 8, 8, "M", 8, 8, 8, "M", 8, 8, 8, "M"]
    network = theirs(plan).double()
    x_N3SR = random_images(1, 64, 64, dtype=torch.float64)
    unit = special_units(network, x_N3SR, "conv2_2")[0]
    expected, activation = from_one_unit(network, x_N3SR[0], "conv2_2", unit, "guided")
    crop_N3LL, activation_N = guided_backprop(network, x_N3SR, "conv2_2", [unit])
    assert relative(crop_N3LL[0], cropped(expected, "conv2_2", unit, False)) <= EXACT
    assert float(activation_N[0]) == pytest.approx(activation, rel=EXACT)
    assert find_peaks(network, x_N3SR).value_NC.shape == (1, 13 * 8)
