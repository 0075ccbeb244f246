"""A run whose weights are given, those of earlier epochs included, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lp_core.fingerprint import checksum
from lp_core.run.history import epoch_name, epoch_weights
from lp_core.run.weights import FILE, weights_bytes
from lp_core.settings import Recipe
from lp_core.storage import Storage
from tasks.from_recipe import learner_of
from workflows.stages import StageGraph


def give_weights(recipe: Recipe, run: Storage, epochs: Sequence[int]) -> None:
    """Write random weights of both views, others for each epoch, as if a training had kept them.

    Args:
        recipe: settings of the run; the finished weights are those of its last epoch.
        run: its folder.
        epochs: before the last that were kept.
    """
    for view in recipe.views:
        stage = StageGraph(recipe, run).train(view)
        for epoch in (*epochs, None):
            seed = 100 if epoch is None else epoch
            data = weights_bytes(learner_of(replace(recipe, seed=seed), view, 12, steps_per_epoch=10).network)
            (run / view).write_bytes(FILE if epoch is None else epoch_weights(epoch), data)
            if epoch is not None:
                vouch = {"epoch": epoch, "weights": checksum(data), "training": stage.fingerprint}
                (run / view).write_json(f"{epoch_name(epoch)}.json", vouch)
        stage.finish(1.0, weights=checksum(data))
