"""Learning rates as functions of the step."""

from __future__ import annotations

import math

from lp_core.settings import TrainSettings


def learning_rate(train: TrainSettings, step: int, steps_per_epoch: int) -> float:
    """The learning rate of a step.

    `steps`: linear warm-up, then divided by 10 every `step_epochs` (Simonyan & Zisserman; torchvision's reference).
    `one-cycle`: linear warm-up, then half a cosine down to zero at the last step (Smith & Topin, simplified).

    Args:
        train: settings.
        step: 0 .. epochs * steps_per_epoch - 1.
        steps_per_epoch: optimiser steps in an epoch.
    """
    warmup = train.warmup_epochs * steps_per_epoch
    if step < warmup:
        return train.peak_learning_rate * (step + 1) / (warmup + 1)
    if train.schedule == "steps":
        return train.peak_learning_rate * 0.1 ** (step // (train.step_epochs * steps_per_epoch))
    total = train.epochs * steps_per_epoch
    progress = (step - warmup) / max(1.0, total - warmup)
    return train.peak_learning_rate * 0.5 * (1 + math.cos(math.pi * progress))
