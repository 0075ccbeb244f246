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
    "leaky": (lambda: changed(1, torch.nn.LeakyReLU()), r"features\.1 is LeakyReLU, which is not computed"),
    "functional": (_functional, r"VGG has no ReLU right after a convolution"),
    "reflects": (
        lambda: changed(2, torch.nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect")),
        r"features\.2 has padding_mode reflect; only zeros",
    ),
    "subclass": (lambda: changed(2, _Scaled(8, 8, 3, padding=1)), r"features\.2 is _Scaled, which is not computed"),
    "parametrized": (
        lambda: changed(2, torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv2d(8, 8, 3, padding=1))),
        r"features\.2 is ParametrizedConv2d",
    ),
    "one of two wraps": (
        lambda: changed(2, AngleConv2d(8, 8, 3, padding=1)),
        r"features\.0 is Conv2d in a network that wraps its rows",
    ),
    "own features": (lambda: changed(1, torch.nn.ReLU(), _Twice), "VGG has `features` of _Twice, not torch.nn.Seq"),
    "own forward": (lambda: _Own(2, NetworkSettings(width=1 / 16)), "leaky_relu of _Own is leaky_relu, which is not"),
    "hooks": (_hooked, r"features\.2 has hooks, which may change what it computes; remove them"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_other_networks_are_refused_by_the_module_that_is_not_computed(other, random_images) -> None:
    make, message = OTHERS[other]
    network = make()
    for function in (guided_backprop, whole_image):
        with pytest.raises(ValueError, match=message):
            function(network, random_images(1, 32, 32), "conv2_2", [(0, 3, 3)])
    with pytest.raises(ValueError, match=message):
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
