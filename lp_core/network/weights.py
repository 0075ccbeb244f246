"""Weights files: safetensors with torchvision's key names."""

from __future__ import annotations

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from lp_core.config import Recipe, SettingError, ViewName
from lp_core.network.vgg16 import VGG16
from lp_core.storage import Storage, first_line

FILE = "weights.safetensors"


def weights_bytes(network: VGG16) -> bytes:
    """A safetensors file of the network's weights in fp32; equal weights give equal bytes."""
    tensors = {name: value.detach().float().cpu().contiguous() for name, value in network.state_dict().items()}
    # A second entry of metadata would stand in an order that changes from process to process.
    return save_tensors(tensors, {"format": "pt"})


def load_network(folder: Storage, recipe: Recipe, view: ViewName, classes: int, file: str = FILE) -> VGG16:
    """The trained network of a view, in evaluation mode, on the CPU.

    Args:
        folder: the view's folder in a run.
        recipe: settings of the run.
        view: network input that the weights are for.
        classes: number of classes of the data set.
        file: name of the weights in the folder, other than the finished ones.

    Raises:
        SettingError: the file is missing, is not safetensors, or fits another network.
    """
    network = VGG16(classes, recipe.network, view)
    place = folder.path(file)
    try:
        tensors = load_tensors(folder.read_bytes(file))
    except FileNotFoundError:
        raise SettingError(f"{place} does not exist; train the view first with `logpolar train`") from None
    except SafetensorError as error:
        raise SettingError(f"{place}: not a safetensors file ({first_line(error)})") from None
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    if difference := _difference(expected, tensors):
        raise SettingError(f"{place}: {difference}; were these weights trained with other network settings?")
    network.load_state_dict(tensors)
    return network.eval()


def _difference(expected: dict[str, tuple[int, ...]], tensors: dict[str, Tensor]) -> str:
    for name, shape in expected.items():
        if name not in tensors:
            return f"'{name}' is missing"
        if tuple(tensors[name].shape) != shape:
            return f"'{name}' is {list(tensors[name].shape)}, the recipe's network has {list(shape)}"
    extra = sorted(set(tensors) - set(expected))
    return f"'{extra[0]}' is in none of the network's layers" if extra else ""
