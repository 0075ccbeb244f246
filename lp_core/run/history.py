"""Weights of some epochs of a training, kept to follow how the exemplars of channels change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lp_core.fingerprint import checksum
from lp_core.run.files import HISTORY
from lp_core.storage import Storage

if TYPE_CHECKING:
    from lp_core.network.learner import Learner

_VOUCH = re.compile(rf"{HISTORY}/epoch_(\d+)\.json")


def epoch_name(epoch: int) -> str:
    """`history/epoch_003`: what a view's folder calls an epoch's files."""
    return f"{HISTORY}/epoch_{epoch:03d}"


def epoch_weights(epoch: int) -> str:
    """Name of the weights of an epoch."""
    return f"{epoch_name(epoch)}.safetensors"


def keep_weights(folder: Storage, learner: Learner, training: str) -> None:
    """Keep the weights if an epoch has just ended whose weights are wanted; the last epoch's are the run's own.

    Epoch 0, the weights before the first step, is always kept: the untrained network of this run.

    Args:
        folder: the view's folder in the run.
        learner: between two steps.
        training: fingerprint of the training; weights left behind by another one are not taken for its.
    """
    from lp_core.run.weights import weights_bytes  # torch, which a finished run never needs

    settings = learner.train
    epoch, within = divmod(learner.step, learner.steps_per_epoch)
    every = settings.keep_weights_every_epochs
    is_wanted = epoch == 0 or (every and epoch % every == 0 and epoch < settings.epochs)
    if within or not is_wanted:
        return
    data = weights_bytes(learner.network)
    folder.write_bytes(epoch_weights(epoch), data)
    vouch = {"epoch": epoch, "weights": checksum(data), "training": training}
    folder.write_json(f"{epoch_name(epoch)}.json", vouch)


def kept_weights(folder: Storage, training: str) -> dict[int, str]:
    """SHA-256 of the weights that a training kept, by epoch, ascending.

    Args:
        folder: the view's folder in the run.
        training: fingerprint of the training.

    Raises:
        LogpolarError: a file that vouches for weights is not JSON.
    """
    vouches = [folder.read_json(file) for file in folder.files(HISTORY) if _VOUCH.fullmatch(file)]
    checksums = {vouch["epoch"]: vouch["weights"] for vouch in vouches if vouch["training"] == training}
    return dict(sorted(checksums.items()))
