"""The modules that a network passes an image through, one after the other, up to its classifier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional as F
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.utils.prune import BasePruningMethod

from lp_core.network.dropout import RowDropout
from lp_core.network.plain_network import PlainNetwork
from lp_core.network.vgg16 import AngleConv2d

FORWARDS = ("lp_core.network.vgg16.VGG16", "torchvision.models.vgg.VGG", "torchvision.models.alexnet.AlexNet")
"""Networks that pass their input through `features` and do nothing to it before."""
IDLE = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Identity, RowDropout)
"""Modules that do nothing in evaluation mode."""
HEADS = (nn.Flatten, nn.Linear, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
"""Modules that a classifier begins with."""
_RELUS: tuple[Any, ...] = (F.relu, F.relu_, torch.relu, torch.relu_, "relu", "relu_")
_IDLE: tuple[Any, ...] = (F.dropout, F.dropout2d, "contiguous")
_HEADS: tuple[Any, ...] = (
    *(torch.flatten, torch.mean, F.adaptive_avg_pool2d, F.adaptive_max_pool2d, F.linear),
    *("flatten", "view", "reshape", "mean"),
)
_SIZES: tuple[Any, ...] = ("size", getattr)
"""What asks for the shape of a map, which passes nothing on."""
_POOLS: dict[Any, tuple[type[nn.Module], tuple[str, ...]]] = {
    F.max_pool2d: (nn.MaxPool2d, ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")),
    F.avg_pool2d: (
        nn.AvgPool2d,
        ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"),
    ),
}
"""Pools that are called as functions: the module of the same meaning, and the names of arguments after the map."""


def chain(network: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return name and module of each step up to the classifier, without those that do nothing in evaluation mode.

    A network with a forward of its own is followed symbolically (torch.fx), so that ReLUs and pools called as functions
    are there, too.

    Raises:
        ValueError: the network is no sequence, or has hooks; the message names the module or operation.
    """
    kept = _before_classifier(network)
    convolutions = [module for _, module in kept if isinstance(module, nn.Conv2d)]
    for name, module in kept:
        if (count := sum(module is other for other in convolutions)) > 1:
            raise ValueError(f"{name} is applied {count} times; give each place a module of its own")
    if not convolutions:
        raise ValueError(f"{type(network).__name__} has no convolution before its classifier")
    return kept


def sequence(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield name and module of each step, those of the classifier included.

    Raises:
        ValueError: as `chain`, as soon as such a step is asked for.
    """
    for name, module in network.named_modules():
        _check_plain(name or "the network", module)
        if module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module):
            raise ValueError(f"{name or 'the network'} has hooks, which may change what it computes; remove them first")
    forward = f"{type(network).forward.__module__}.{type(network).forward.__qualname__}"
    if type(network) is nn.Sequential:
        yield from _flat(network, "")
    elif isinstance(network, PlainNetwork):
        yield from network.steps
    elif forward in [f"{known}.forward" for known in FORWARDS]:
        features = getattr(network, "features", None)
        if type(features) is not nn.Sequential:
            raise ValueError(
                f"{type(network).__name__} has `features` of {type(features).__name__}, not torch.nn.Sequential"
            )
        yield from _flat(features, "features.")
        yield "avgpool", network.get_submodule("avgpool")
        yield "flatten", nn.Flatten()
        yield from _flat(network.get_submodule("classifier"), "classifier.")  # type: ignore[arg-type]
    else:
        yield from _followed(network)


def _check_plain(name: str, module: nn.Module) -> None:
    """Refuse what torch made of a module, or what has no weights yet, by its name; else it would seem to have hooks."""
    if type(module).__name__ == "OptimizedModule":
        raise ValueError(f"{name} is compiled; give the module that torch.compile was given (its `_orig_mod`)")
    if isinstance(module, torch.jit.ScriptModule):
        raise ValueError(f"{name} is TorchScript; give the module that it was made from")
    if isinstance(module, LazyModuleMixin) and module.has_uninitialized_params():
        raise ValueError(f"{name} is lazy and has no weights yet; apply the network once to an image")
    if any(isinstance(hook, BasePruningMethod) for hook in module._forward_pre_hooks.values()):
        raise ValueError(f"{name} is pruned; make that permanent with torch.nn.utils.prune.remove")


def _flat(modules: nn.Sequential, prefix: str) -> Iterator[tuple[str, nn.Module]]:
    """Modules of a Sequential, those of Sequentials within it included."""
    for name, module in modules._modules.items():  # `named_children` gives a ReLU that is used twice once
        if module is None:
            continue
        if type(module) is nn.Sequential:
            yield from _flat(module, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", module


def _before_classifier(network: nn.Module) -> list[tuple[str, nn.Module]]:
    kept: list[tuple[str, nn.Module]] = []
    steps = sequence(network)
    for name, module in steps:
        if type(module) in HEADS:
            later = [other for other in steps if isinstance(other[1], nn.Conv2d)] if _is_flat(network) else []
            if later:
                raise ValueError(f"{later[0][0]} is a convolution behind {name}, where a classifier begins")
            break
        if type(module) not in IDLE:
            kept.append((name, module))
    return kept


def _is_flat(network: nn.Module) -> bool:
    """Whether reading on costs nothing and can find nothing that is not understood."""
    return type(network) is nn.Sequential


class _Tracer(fx.Tracer):
    """Follows a forward down to torch's modules and ours."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m) in (AngleConv2d, RowDropout) or super().is_leaf_module(m, module_qualified_name)


def _followed(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Modules and functions that a forward of a network's own calls, in order.

    Raises:
        ValueError: the forward branches, joins branches, or calls what is not known.
    """
    kind = type(network).__name__
    try:
        with torch.no_grad():  # with gradients a VGG that wraps its rows computes the same by other functions
            graph = _Tracer().trace(network)
    except Exception as error:  # a user's code may raise anything when it is given a symbol
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ValueError(f"the forward of {kind} cannot be followed ({reason}); give an nn.Sequential") from None
    before: fx.Node | None = None
    sizes: set[fx.Node] = set()
    for node in graph.nodes:
        if node.op == "output":
            return
        if node.op == "placeholder":
            if before is not None and node.users:
                raise ValueError(f"the forward of {kind} takes more than an image: {node.target}")
            before = before or node
            continue
        maps = [given for given in node.all_input_nodes if given not in sizes]
        if node.target in _SIZES or not maps:
            sizes.add(node)
            continue
        if maps != [before]:
            raise ValueError(
                f"{node.name} of {kind} joins branches, or takes an earlier map: a residual network or a graph, "
                "which is not computed; only sequential networks are"
            )
        step = _step(node, network)
        if isinstance(step, HEADS):
            _no_convolutions_after(node, network)
        yield node.target if node.op == "call_module" else node.name, step
        before = node


def _step(node: fx.Node, network: nn.Module) -> nn.Module:
    """The module that a node calls, or that means the same as the function that it calls."""
    target: Any = node.target
    if node.op == "call_module":
        return network.get_submodule(target)
    if target in _RELUS:
        return nn.ReLU()
    if target in _IDLE:
        dropping = target != "contiguous" and dict(zip(("p", "training"), node.args[1:], strict=False)) | node.kwargs
        if dropping is not False and dropping.get("training", True) and not network.training:
            raise ValueError(f"{node.name} of {type(network).__name__} drops out in evaluation mode, too")
        if dropping is False:
            return nn.Identity()
        share: Any = dropping.get("p", 0.5)
        return (nn.Dropout2d if target is F.dropout2d else nn.Dropout)(share)
    if target is F.adaptive_avg_pool2d:
        size: Any = node.args[1] if len(node.args) > 1 else node.kwargs["output_size"]
        return nn.AdaptiveAvgPool2d(size)
    if target in _HEADS:
        return nn.Flatten()
    if target in _POOLS:
        module, names = _POOLS[target]
        given = dict(zip(names, node.args[1:], strict=False)) | dict(node.kwargs)
        return module(**{name: value for name, value in given.items() if name != "input"})
    shown = getattr(target, "__name__", str(target))
    raise ValueError(f"{node.name} of {type(network).__name__} is {shown}, which is not computed")


def _no_convolutions_after(node: fx.Node, network: nn.Module) -> None:
    """A classifier may be any graph, but the last map must be its only input from the convolutions."""
    later = node.next
    while later.op != "output":
        if later.op == "call_module" and isinstance(network.get_submodule(str(later.target)), nn.Conv2d):
            raise ValueError(f"{later.target} is a convolution behind {node.name}, where a classifier begins")
        later = later.next
