"""Values of `lp_core` made from a run's settings: the core takes the sections that it uses, not the whole recipe."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lp_core.dataset.feed import Feed, used_rows
from lp_core.settings import OTHER_CROP, Recipe, ViewName

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from lp_core.network.learner import Learner


def feed_of(recipe: Recipe, view: ViewName, rank: int = 0, world: int = 1) -> Feed:
    """Return what a worker reads in a view.

    Args:
        recipe: settings of the run.
        view: `cartesian` or `log_polar`.
        rank: this worker.
        world: number of workers.
    """
    return Feed(recipe.data, view, recipe.geometry, recipe.seed, recipe.train.batch_size, rank, world)


def scan_feed(recipe: Recipe, view: ViewName) -> Feed:
    """Return what a scan reads in a view: photographs, or those of a control."""
    control = recipe.scan.control
    crop = recipe.data.eval_crop * (OTHER_CROP if control == "other-crop" else 1)
    feed = feed_of(replace(recipe, data=replace(recipe.data, eval_crop=crop)), view)
    return replace(feed, scrambled=control == "phase-scrambled", wandering=control == "random-fixations")


def scan_rotations(recipe: Recipe, device: torch.device) -> dict[str, Tensor] | None:
    """Return the rotation of each layer's channels where the scan is that control, else None."""
    from lp_core.exemplars.rotated_basis import layer_rotations
    from lp_core.network.layers import architecture_of

    if recipe.scan.control != "rotated-basis":
        return None
    return layer_rotations(architecture_of(recipe.network).channels, recipe.seed, device)


def rows_of(recipe: Recipe, split: str) -> np.ndarray:
    """Return the row numbers of a split that the run uses, ascending, int64 [n]."""
    return used_rows(recipe.data, split, recipe.seed)


def learner_of(
    recipe: Recipe, view: ViewName, classes: int, steps_per_epoch: int, device: Any = "cpu", world: int = 1
) -> Learner:
    """Return a view's network before its first step, with its optimiser.

    Args:
        recipe: settings of the run.
        view: network input that it learns from.
        classes: number of classes.
        steps_per_epoch: optimiser steps in an epoch.
        device: where it computes.
        world: number of workers whose gradients are averaged.
    """
    from lp_core.network.compute import training_operations
    from lp_core.network.initialization import first_network
    from lp_core.network.learner import Learner

    train, geometry = recipe.train, recipe.geometry
    network = first_network(recipe.network, view, classes, recipe.seed)
    images = train.epochs * steps_per_epoch * train.batch_size / world
    operations = images * training_operations(recipe.network, classes, geometry.size)
    return Learner(network, train, recipe.seed, geometry.shape(view), steps_per_epoch, device, world, operations)
