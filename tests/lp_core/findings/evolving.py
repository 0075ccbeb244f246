"""Histories of nines with planted births, as tests of evolution need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lp_core.findings.evolution import Checkpoint
from lp_core.findings.nines import Nines
from tests.lp_core.findings.simulated import simulated_activity

EPOCHS = (0, 1, 2, 4, 8)
IMAGES = 4000


def planted_history(births: Mapping[str, Sequence[int]], rng: np.random.Generator) -> list[Checkpoint]:
    """Checkpoints at which every channel of each layer has random images before its birth, and its last nine after."""
    layer_C = np.repeat(np.arange(len(births)), [len(epochs) for epochs in births.values()])
    channel_C = np.concatenate([np.arange(len(epochs)) for epochs in births.values()])
    birth_C = np.concatenate([np.asarray(epochs) for epochs in births.values()])
    last_CK = np.stack([rng.choice(IMAGES, 9, replace=False) for _ in layer_C])
    checkpoints = []
    for epoch in EPOCHS:
        random_CK = np.stack([rng.choice(IMAGES, 9, replace=False) for _ in layer_C])
        image_CK = np.where((epoch >= birth_C)[:, None] | (epoch == EPOCHS[-1]), last_CK, random_CK)
        checkpoints.append(Checkpoint(epoch, nines(tuple(births), layer_C, channel_C, image_CK), {}))
    return checkpoints


def nines(layers: tuple[str, ...], layer_C: np.ndarray, channel_C: np.ndarray, image_CK: np.ndarray) -> Nines:
    """The nine of all channels; images have no classes."""
    zeros = np.zeros(image_CK.shape)
    return Nines(layers, layer_C, channel_C, image_CK, np.zeros(image_CK.shape, np.int64), zeros, zeros)


def with_activity(checkpoint: Checkpoint, rng: np.random.Generator, *, side: float) -> Checkpoint:
    """A checkpoint of conv5_2 alone, whose channels fire to one side."""
    channels = len(checkpoint.nines.channel_C)
    activity = simulated_activity("log_polar", rng, channels=channels, side=side)
    return Checkpoint(checkpoint.epoch, checkpoint.nines, activity)
