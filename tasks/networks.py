"""A trained network, held by the process that works with it."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lp_core.dataset.feed import open_dataset
from lp_core.errors import SettingError
from lp_core.settings import Recipe, ViewName
from lp_core.storage import Storage

if TYPE_CHECKING:
    import torch

    from lp_core.network.vgg16 import VGG16


@dataclass(frozen=True)
class Trained:
    """Names a trained network: small and picklable, it travels to every task.

    Args:
        recipe: settings of the run.
        run: URI of the run folder.
        view: which of its networks.
        weights: SHA-256 of the weights file.
        use_gpu: whether tasks have (a share of) a GPU.
        epoch: which of the weights kept during training; None for the finished ones.
    """

    recipe: Recipe
    run: str
    view: ViewName
    weights: str
    use_gpu: bool = False
    epoch: int | None = None

    @property
    def folder(self) -> Storage:
        """The view's folder in the run."""
        return Storage(self.run) / self.view


@lru_cache(maxsize=1)
def held(trained: Trained) -> tuple[VGG16, torch.device]:
    """The network on the device it computes on, in fp32, loaded once per process.

    Raises:
        SettingError: the weights file is not the one that is named.
    """
    import torch

    from lp_core.fingerprint import checksum
    from lp_core.run.history import epoch_weights
    from lp_core.run.weights import FILE, load_network

    # TensorFloat-32 rounds activations to 10 bits: near ties would change places.
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    file = FILE if trained.epoch is None else epoch_weights(trained.epoch)
    try:
        data = trained.folder.read_bytes(file)
    except FileNotFoundError:
        raise SettingError(
            f"{trained.folder.path(file)} is not seen by {socket.gethostname()}; every node must see the run folder "
            "under this name: give a mounted folder, s3:// or gs://"
        ) from None
    if checksum(data) != trained.weights:
        raise SettingError(f"{trained.folder.path(file)} has changed since it was trained; train again")
    classes = len(open_dataset(trained.recipe.data.path).class_names)
    device = torch.device("cuda" if trained.use_gpu else "cpu")
    network = load_network(trained.folder, trained.recipe, trained.view, classes, file)
    return network.to(device).to(memory_format=torch.channels_last), device
