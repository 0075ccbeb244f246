"""Tasks and readers for the evolution of channels: how far weights are from the last ones, and what was scanned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lp_core.run.files import RINGS
from lp_core.storage import Storage
from tasks.measuring import read_nines
from tasks.networks import Trained, kept_network
from tasks.worker_process import prepare_measuring

if TYPE_CHECKING:
    from lp_core.findings.evolution import Checkpoint


def weights_left(trained: Trained, last: Trained) -> tuple[int, dict[str, float]]:
    """Return an epoch, and by layer the distance of its weights from the last ones.

    Args:
        trained: the network of the epoch.
        last: the finished one.
    """
    from lp_core.measures.weight_distance import weight_distance
    from lp_core.network.layers import architecture_of
    from lp_core.network.stack import Stack

    prepare_measuring()
    stacks = [Stack.of(kept_network(which, classifier=False)[0]) for which in (last, trained)]
    assert trained.epoch is not None
    distances = {}
    for layer in architecture_of(trained.recipe.network).channels:
        ends = [[value.cpu().numpy() for value in stack.convolution(layer).state_dict().values()] for stack in stacks]
        distances[layer] = weight_distance(*ends)
    return trained.epoch, distances


def read_checkpoint(epoch: int, folder: Storage) -> Checkpoint:
    """Return what the scan of an epoch left in its folder."""
    from lp_core.exemplars.ring_activity import read_ring_activity
    from lp_core.findings.evolution import Checkpoint

    return Checkpoint(epoch, read_nines(folder), read_ring_activity(folder) if folder.exists(RINGS) else {})
