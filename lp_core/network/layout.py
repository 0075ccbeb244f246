"""Whether a network is VGG-16, module by module: what walks through its layers computes nothing else."""

from __future__ import annotations

from torch import nn

from lp_core.network.layers import CONVOLUTION, POOL, conv_layers
from lp_core.network.vgg16 import AngleConv2d

FORWARDS = ("lp_core.network.vgg16.VGG16", "torchvision.models.vgg.VGG")
"""Networks that pass their input through `features` and do nothing to it before."""

CONVOLUTION_SETTINGS: dict[str, object] = {
    "kernel_size": (CONVOLUTION.size,) * 2,
    "stride": (CONVOLUTION.stride,) * 2,
    "padding": (CONVOLUTION.padding,) * 2,
    "dilation": (CONVOLUTION.dilation,) * 2,
    "groups": 1,
    "padding_mode": "zeros",
}
POOL_SETTINGS: dict[str, object] = {
    "kernel_size": POOL.size,
    "stride": POOL.stride,
    "padding": POOL.padding,
    "dilation": POOL.dilation,
    "ceil_mode": False,
}


def check_layout(network: nn.Module, layer: str) -> None:
    """Raise unless everything up to a layer, its ReLU included, is what VGG-16 has there.

    Classes must be the very same: a subclass may compute anything.

    Raises:
        ValueError: names the first module that differs, what it is and what VGG-16 has in its place.
    """
    features = getattr(network, "features", None)
    if type(features) is not nn.Sequential:
        raise ValueError(
            f"{_name(network)} is not VGG-16: its `features` is {_name(features)}, not torch.nn.Sequential; "
            "give torchvision's vgg16 or a VGG16"
        )
    forward = type(network).forward
    if f"{forward.__module__}.{forward.__qualname__}" not in [f"{name}.forward" for name in FORWARDS]:
        raise ValueError(
            f"{_name(network)} has a forward of its own, which may compute more than its modules; "
            "load its weights into torchvision's vgg16 or a VGG16"
        )
    first = AngleConv2d if type(next(iter(features), None)) is AngleConv2d else nn.Conv2d
    for number, kind in enumerate(_kinds(layer)):
        name = f"features.{number}"
        module = features[number] if number < len(features) else None
        expected = first if kind is nn.Conv2d else kind
        wanted = CONVOLUTION_SETTINGS if kind is nn.Conv2d else POOL_SETTINGS if kind is nn.MaxPool2d else {}
        if type(module) is not expected:
            raise ValueError(f"{name} is {_name(module)}, where VGG-16 has {_name(expected)}; only VGG-16 is computed")
        for setting, value in wanted.items():
            given = getattr(module, setting)
            if given != value and given != (value, value):
                raise ValueError(f"{name} has {setting} {given}, VGG-16 {value}; only VGG-16 is computed")
        for part in (network, features, module):
            if part._forward_hooks or part._forward_pre_hooks or "forward" in vars(part):
                at = {id(network): "the network", id(features): "features"}.get(id(part), name)
                raise ValueError(f"{at} has hooks, which may change what it computes; remove them first")


def _kinds(layer: str) -> list[type[nn.Module]]:
    """Classes of VGG-16's modules up to a layer's ReLU."""
    convolutions = set(conv_layers().values())
    kinds: list[type[nn.Module]] = []
    for number in range(conv_layers()[layer] + 2):
        relu = number - 1 in convolutions
        kinds.append(nn.Conv2d if number in convolutions else nn.ReLU if relu else nn.MaxPool2d)
    return kinds


def _name(what: object) -> str:
    if what is None:
        return "nothing"
    kind = what if isinstance(what, type) else type(what)
    return kind.__name__
