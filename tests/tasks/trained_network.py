"""A network with random weights in a run folder of its own, as tasks are told of it."""

from __future__ import annotations

from pathlib import Path

from lp_core.fingerprint import checksum
from lp_core.network.initialization import initialize
from lp_core.network.vgg16 import VGG16
from lp_core.run.weights import FILE, weights_bytes
from lp_core.settings import Recipe, ViewName
from lp_core.storage import Storage
from tasks.networks import Trained


def random_network(recipe: Recipe, run: Path, view: ViewName, seed: int = 0) -> Trained:
    """Write the weights, and name them. The data set has 12 classes."""
    network = initialize(VGG16(12, recipe.network, view), "variance-preserving", seed)
    data = weights_bytes(network)
    (Storage.at(run) / view).write_bytes(FILE, data)
    return Trained(recipe, str(run), view, checksum(data))
