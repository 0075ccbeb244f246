"""A training that has not left the level of guessing, where deep networks without batch normalisation like to stay."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

MARGIN = 0.01
"""Nats below ln(classes) that count as something learned. Source: our choice."""


def plateau_note(lines: Iterable[Mapping[str, Any]], classes: int, first_step: int, last_step: int) -> str | None:
    """What to say of an epoch in whose second half the loss was still that of a guess; None if it was not.

    Args:
        lines: of metrics.jsonl.
        classes: number of classes.
        first_step: steps taken before the epoch.
        last_step: steps taken at its end.
    """
    middle = (first_step + last_step) / 2
    losses = [line["loss"] for line in lines if "loss" in line and middle < line["step"] <= last_step]
    if not losses or sum(losses) / len(losses) < math.log(classes) - MARGIN:
        return None
    mean, guess = sum(losses) / len(losses), math.log(classes)
    return (
        f"the loss is still {mean:.3f}, no better than a guess among {classes} classes, {guess:.3f}. "
        "If this stays, try another network.initialization (looks-linear, variance-preserving), train.optimizer adamw, "
        "or another train.learning-rate"
    )
