"""Weights of another training that a training begins with: which layers take theirs, and which start anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from lp_core.errors import DataError, check
from lp_core.fingerprint import checksum
from lp_core.network.construction import Network
from lp_core.run.files import FIRST_WEIGHTS
from lp_core.run.weight_sets import is_other_head
from lp_core.run.weights import difference
from lp_core.storage import Storage


class FirstWeights(NamedTuple):
    """What a training begins with.

    Attributes:
        tensors: of the layers that take theirs from a file, by name.
        anew: the last layer, where the file has none or one for another number of classes; empty if all do.
        remark: what else is to be said of the file.
    """

    tensors: dict[str, Tensor]
    anew: str = ""
    remark: str = ""

    def words(self) -> str:
        """Say which layers are taken, and which start anew."""
        layers = list(dict.fromkeys(name.rpartition(".")[0] for name in self.tensors))
        taken = f"{len(layers)} layers are taken, {layers[0]} to {layers[-1]}"
        anew = f"{self.anew} starts anew, for its number of classes" if self.anew else "none anew"
        return "; ".join(filter(None, [f"{taken}; {anew}", self.remark]))


def last_layer(network: nn.Module) -> str:
    """Return the name of the layer that gives the logits, the last one with weights; empty if it is not `nn.Linear`."""
    layers = [(name, module) for name, module in network.named_modules() if hasattr(module, "weight")]
    name, module = layers[-1] if layers else ("", network)
    return name if isinstance(module, nn.Linear) else ""


def first_weights_of(tensors: Mapping[str, Tensor], network: Network, source: str, remark: str = "") -> FirstWeights:
    """Return what a network takes of another training's weights.

    Args:
        tensors: by the network's names, without batch normalisation.
        network: that will be trained; its shapes count alone.
        source: where the weights come from, for messages.
        remark: what else is to be said of them.

    Raises:
        DataError: they fit another network, and not only in the last layer's number of classes; the message names the
            first difference.
    """
    head, expected = last_layer(network), network.state_dict()
    anew = head if is_other_head(head, expected, tensors) else ""
    taken = _without(tensors, anew)
    what = difference({name: tuple(value.shape) for name, value in _without(expected, anew).items()}, taken)
    check(not what, f"{source}: {what}", DataError)
    in_order = {name: taken[name] for name in expected if name in taken}  # a file has them in any order
    return FirstWeights(in_order, anew, remark)


def _without(tensors: Mapping[str, Tensor], layer: str) -> dict[str, Tensor]:
    left_out: Iterable[str] = (f"{layer}.weight", f"{layer}.bias") if layer else ()
    return {name: value for name, value in tensors.items() if name not in left_out}


def first_weights_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """A safetensors file of fp32; equal weights give equal bytes, whatever file they came from."""
    kept = {name: tensors[name].detach().float().cpu().contiguous() for name in sorted(tensors)}
    return save_tensors(kept, {"format": "pt"})


def begin_with(network: Network, folder: Storage, expected: str) -> None:
    """Fill a network with the first weights that a run keeps; a layer that they lack keeps its own.

    Args:
        network: with its random weights.
        folder: of the view.
        expected: SHA-256 of the file.

    Raises:
        DataError: the file is missing, or another one.
    """
    path = folder.path(FIRST_WEIGHTS)
    try:
        data = folder.read_bytes(FIRST_WEIGHTS)
    except FileNotFoundError:
        raise DataError(f"{path} is missing; begin again in another run folder") from None
    check(checksum(data) == expected, f"{path} has changed since it was written; give another run folder", DataError)
    network.load_state_dict(load_tensors(data), strict=False)
