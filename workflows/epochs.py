"""Which of the weights that a training kept are scanned."""

from __future__ import annotations

from collections.abc import Collection

from lp_core.errors import check
from lp_core.settings import Recipe, ViewName
from lp_core.storage import Storage

FEWEST_EPOCHS = 3
"""Checkpoints that evolution needs: before the first step, the last one, and one between them at which to be born."""


def planned_epochs(recipe: Recipe) -> list[int]:
    """Return the epochs before the last whose weights a training keeps, ascending."""
    every, last = recipe.train.keep_weights_every_epochs, recipe.train.epochs
    return [0, *(range(every, last, every) if every else [])]


def asked_epochs(recipe: Recipe, run: Storage, view: ViewName, kept: Collection[int]) -> list[int]:
    """Return the epochs before the last that `scan.checkpoints` asks for, ascending.

    Args:
        recipe: settings of the run.
        run: the run folder.
        view: whose training.
        kept: epochs whose weights it kept, ascending.

    Raises:
        SettingError: the training did not keep the weights of an epoch.
    """
    asked, last = recipe.scan.checkpoints, recipe.train.epochs
    if asked == "none":
        return []
    if asked == "all":
        check(
            bool(kept),
            f"{run}: the training of view {view} kept the weights of no epoch but the last; "
            "train with --train.keep-weights-every-epochs 1",
        )
        return list(kept)
    epochs = sorted({int(part) for part in asked.split(",")} - {last})
    for epoch in epochs:
        check(
            epoch in kept,
            f"scan.checkpoints: the training of view {view} kept no weights of epoch {epoch}; "
            f"there are {', '.join(map(str, [*kept, last]))}",
        )
    return epochs


def evolution_epochs(recipe: Recipe, run: Storage, view: ViewName, kept: Collection[int]) -> list[int]:
    """Return the epochs before the last that evolution reads, ascending: epoch 0, and those asked for, else all.

    Args:
        recipe, run, view, kept: as `asked_epochs`.

    Raises:
        SettingError: there are fewer than `FEWEST_EPOCHS`, or the training did not keep the weights of an epoch, such
            as the first ones.
    """
    epochs, last = sorted(kept), recipe.train.epochs
    if recipe.scan.checkpoints != "none":
        epochs = sorted({*asked_epochs(recipe, run, view, kept), *({0} & set(kept))})
    check(
        len(epochs) + 1 >= FEWEST_EPOCHS,
        f"{run}: evolution needs weights of {FEWEST_EPOCHS} epochs or more, and the training of view {view} has "
        f"{', '.join(map(str, [*epochs, last]))}; train with --train.keep-weights-every-epochs 1",
    )
    check(0 in epochs, f"{run}: evolution begins with epoch 0, whose weights of view {view} are not there; train again")
    return epochs
