"""Weights files: safetensors with torchvision's key names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from lp_core.errors import DataError
from lp_core.network.construction import Network, without_memory
from lp_core.network.folding import folded_tensors
from lp_core.network.layers import CONFIGURATIONS, WIDTHS, conv_layers
from lp_core.run.files import WEIGHTS
from lp_core.run.weights_file import read_weights
from lp_core.settings import NetworkSettings, ViewName
from lp_core.storage import Storage, one_line

FILE = WEIGHTS
PUBLISHED = NetworkSettings()
"""The shape of torchvision's `vgg16`."""


def weights_bytes(network: nn.Module) -> bytes:
    """A safetensors file of the network's weights in fp32; equal weights give equal bytes."""
    tensors = {name: value.detach().float().cpu().contiguous() for name, value in network.state_dict().items()}
    # A second entry of metadata would stand in an order that changes from process to process.
    return save_tensors(tensors, {"format": "pt"})


def load_network(folder: Storage, settings: NetworkSettings, view: ViewName, classes: int, file: str = FILE) -> Network:
    """Return the trained network of a view, in evaluation mode, on the CPU.

    Args:
        folder: the view's folder in a run.
        settings: of the network.
        view: network input that the weights are for.
        classes: number of classes of the data set.
        file: name of the weights in the folder, other than the finished ones.

    Raises:
        DataError: the file is missing, is not safetensors, or fits another network.
    """
    path = folder.path(file)
    try:
        data = folder.read_bytes(file)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; train the view first") from None
    return network_of(data, settings, view, classes, path)


def without_norms(tensors: dict[str, Tensor], source: str) -> tuple[dict[str, Tensor], str]:
    """Weights of a VGG with batch normalisation as those of one without, and a remark that says so.

    Raises:
        DataError: a normalisation is not right behind a convolution.
    """
    try:
        folded, count = folded_tensors(tensors)
    except ValueError as error:
        raise DataError(f"{source}: {error}") from None
    return folded, f"{count} batch normalisations are folded into the convolutions, equal to 1e-5" if count else ""


def network_of(data: bytes, settings: NetworkSettings, view: ViewName, classes: int, source: str) -> Network:
    """Return the network of a weights file that has been read, as `load_network` does.

    Raises:
        DataError: it is not safetensors, or fits another network.
    """
    try:
        tensors = load_tensors(data)
    except SafetensorError as error:
        raise DataError(f"{source}: not a safetensors file ({one_line(error)})") from None
    return network_with(tensors, settings, view, classes, source).eval()


def load_weights(
    source: str, classes: int = 1000, settings: NetworkSettings = PUBLISHED, view: ViewName = "cartesian"
) -> Network:
    """Return the network whose weights a file of any origin holds, in evaluation mode, on the CPU.

    Args:
        source: path or URI of a safetensors or PyTorch file, or torchvision's name of published weights
            (`lp_core.run.weights_file.read_weights`). Batch normalisation is folded.
        classes: number of classes that the weights tell apart.
        settings: of the network; those of torchvision's `vgg16` unless given.
        view: network input that the weights are for.

    Raises:
        DataError: there is no such file, it holds no weights of a VGG, or they fit another network.

    Source: docs/TRAINING.md lists the files that are understood.
    """
    tensors, _ = without_norms(read_weights(source, settings.depth).tensors, source)
    return network_with(tensors, settings, view, classes, source).eval()


def network_with(
    tensors: dict[str, Tensor], settings: NetworkSettings, view: ViewName, classes: int, source: str
) -> Network:
    """Return a network with the given weights.

    Args:
        tensors: by torchvision's names, any floating point type.
        settings: of the network.
        view: network input that the weights are for.
        classes: number of classes of the data set.
        source: where they come from, for messages.

    Raises:
        DataError: they fit another network.
    """
    network = without_memory(settings, view, classes)  # drawing first weights takes longer than reading these
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    if what := difference(expected, tensors):
        raise DataError(f"{source}: {what}")
    network.to_empty(device="cpu").load_state_dict(tensors)
    return network


DEPTHS = {sum(blocks): depth for depth, blocks in CONFIGURATIONS.items()}
"""VGGs by their number of convolutions."""


def fitted_settings(tensors: dict[str, Tensor], settings: NetworkSettings) -> tuple[NetworkSettings, int]:
    """Return the settings with the depth, width and pool that weights have, and their number of classes.

    Weights that are no VGG's keep the given settings and have 1 class; `network_with` says what they are.

    Args:
        tensors: by torchvision's names, without batch normalisation.
        settings: of everything else.

    Raises:
        SettingError: the width is out of range.
    """
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    classes = shapes.get("classifier.6.weight", ())
    fitting = _vgg_settings(shapes)
    if not fitting or len(classes) != 2:
        return settings, 1
    return replace(settings, **fitting), classes[0]


def _vgg_settings(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """Depth, width and, where it is a whole number, pool of the VGG of tensors; empty where they are no VGG's."""
    depth = DEPTHS.get(_convolutions(shapes))
    if depth is None:
        return {}
    last_number = list(conv_layers(depth).values())[-1]
    first, last, reads = (
        shapes.get(f"{name}.weight", ()) for name in ("features.0", f"features.{last_number}", "classifier.0")
    )
    if first[1:] != (3, 3, 3) or not last or len(reads) != 2:
        return {}
    pool = math.isqrt(reads[1] // last[0])
    whole = {"pool": pool} if pool > 0 and last[0] * pool**2 == reads[1] else {}
    return {"depth": depth, "width": first[0] / WIDTHS[0], **whole}


def difference(expected: dict[str, tuple[int, ...]], tensors: Mapping[str, Tensor]) -> str:
    """The first way in which tensors do not fit, and what to do about it; empty where they do."""
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    found, wanted = _convolutions(shapes), _convolutions(expected)
    if found in DEPTHS and found != wanted:
        return (
            f"the weights are VGG-{DEPTHS[found]}'s, of {found} convolutions, the network of these settings has "
            f"{wanted}; {_advice(expected, shapes) or f'give network.depth {DEPTHS[found]}'}"
        )
    for name, shape in expected.items():
        if name not in tensors:
            return f"'{name}' is missing; {_names(expected, tensors)}"
        if shapes[name] != shape:
            differ = f"'{name}' is {list(shapes[name])}, the network of these settings has {list(shape)}"
            return f"{differ}; {_advice(expected, shapes) or _other_reason(name, shapes[name], shape)}"
        if not tensors[name].is_floating_point():
            return f"'{name}' holds {tensors[name].dtype}; give weights in floating point, not quantized ones"
    extra = sorted(set(tensors) - set(expected))
    return f"'{extra[0]}' is in none of the network's layers; {_names(expected, tensors)}" if extra else ""


def _convolutions(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """The number of convolutions before the classifier."""
    return sum(name.startswith("features.") and len(shape) == 4 for name, shape in shapes.items())


def _names(expected: Iterable[str], found: Iterable[str]) -> str:
    """The first names that are only in the file, and the first that are only in the network."""

    def first(names: Iterable[str], without: Iterable[str]) -> str:
        few = islice((f"'{name}'" for name in names if name not in set(without)), 3)
        return ", ".join(few) or "no others"

    return f"the first names found are {first(found, expected)}, expected are {first(expected, found)}"


def _advice(expected: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]) -> str:
    """All settings that differ between a VGG and the weights of another one; empty where none does."""
    ours, theirs = _vgg_settings(expected), _vgg_settings(found)
    other = [f"network.{name} {value:g}" for name, value in theirs.items() if ours.get(name, value) != value]
    return f"give {', '.join(other)}" if other else ""


def _other_reason(name: str, found: tuple[int, ...], shape: tuple[int, ...]) -> str:
    if name.startswith("classifier.6.") and found[1:] == shape[1:]:
        return f"they tell {found[0]} classes apart, the data set has {shape[0]}"
    if name == "classifier.0.weight" and found[0] == shape[0]:
        return "give another network.pool (7 is torchvision's)"
    return "were these weights trained with other network settings?"
