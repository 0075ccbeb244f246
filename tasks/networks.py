"""Trained networks, kept by the process that works with them."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lp_core.dataset.feed import open_dataset
from lp_core.errors import DataError, StorageError
from lp_core.settings import Recipe, ViewName
from lp_core.settings.scan import Automatic
from lp_core.storage import Storage
from tasks.gpu_share import KEPT_BYTES, holds_gpu

if TYPE_CHECKING:
    import torch

    from lp_core.network.construction import Network


@dataclass(frozen=True)
class Trained:
    """Names a trained network: small and picklable, it travels to every task.

    Args:
        recipe: settings of the run.
        run: URI of the run folder.
        view: which of its networks.
        weights: SHA-256 of the weights file.
        use_gpu: whether tasks have a GPU, or a fraction of one; with `auto`, each task that Ray gave one uses it.
        epoch: which of the weights kept during training; None for the finished ones.
    """

    recipe: Recipe
    run: str
    view: ViewName
    weights: str
    use_gpu: bool | Automatic = False
    epoch: int | None = None

    @property
    def folder(self) -> Storage:
        """The view's folder in the run."""
        return Storage(self.run) / self.view


_kept: dict[tuple[Trained, bool], Network] = {}
"""What this process keeps, by what it was asked for."""


def kept_network(trained: Trained, *, classifier: bool = True) -> tuple[Network, torch.device]:
    """Return the network on the device it computes on, in fp32: read and checked once per process, within `KEPT_BYTES`.

    Networks of one run and view that differ only in their epoch are kept together. A network of another run, view or
    device takes their place. Where they need more than `KEPT_BYTES`, those that came first stay, and the others are
    read again each time.

    Args:
        trained: the network.
        classifier: whether the classifier is wanted, nine tenths of the weights; without it only `features` is there.

    Raises:
        LogpolarError: the weights file is not the one that is named.
    """
    import torch

    use_gpu = holds_gpu() if trained.use_gpu == "auto" else trained.use_gpu
    device = torch.device("cuda" if use_gpu else "cpu")
    key = trained, classifier
    if key in _kept:
        return _kept[key], device
    for other in list(_kept):
        if _family(*other) != _family(*key):
            del _kept[other]
    network = _read(trained)
    if not classifier and not trained.recipe.network.modules:
        del network.classifier
    network = network.to(device).to(memory_format=torch.channels_last)
    if not _kept or sum(map(_bytes, [network, *_kept.values()])) <= KEPT_BYTES:
        _kept[key] = network
    return network, device


def _family(trained: Trained, classifier: bool) -> tuple[Trained, bool]:
    return replace(trained, weights="", epoch=None), classifier


def _bytes(network: Network) -> int:
    return sum(parameter.numel() * parameter.element_size() for parameter in network.parameters())


def _read(trained: Trained) -> Network:
    """The network that the weights file holds."""
    from lp_core.fingerprint import checksum
    from lp_core.run.history import epoch_weights
    from lp_core.run.weights import FILE, network_of

    file = FILE if trained.epoch is None else epoch_weights(trained.epoch)
    path = trained.folder.path(file)
    try:
        data = trained.folder.read_bytes(file)
    except FileNotFoundError:
        raise StorageError(
            f"{path} is not seen by {socket.gethostname()}; every node must see the run folder "
            "under this name: give a mounted folder, s3:// or gs://"
        ) from None
    if checksum(data) != trained.weights:
        raise DataError(f"{path} has changed since it was trained; train again")
    classes = len(open_dataset(trained.recipe.data.path).class_names)
    return network_of(data, trained.recipe.network, trained.view, classes, path)
