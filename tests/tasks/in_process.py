"""A training in this process: batches are read without Ray, whose part is only to carry them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from lp_core.dataset.feed import Batch, Feed, Reading
from lp_core.run.stage import Stage
from lp_core.settings import Recipe
from lp_core.storage import Storage
from tasks import view_training
from tasks.ingest import _regroup, read
from workflows.stages import StageGraph


def carried(feed: Feed, readings: list[Reading]) -> Iterator[Batch]:
    """What `tasks.ingest.stream` yields, read in this process."""
    planned = {name: [getattr(reading, name) for reading in readings] for name in ("kind", "first", "last")}
    return _regroup(feed, readings, read(planned, feed))


def interrupted_after(batches: int) -> Callable[[Feed, list[Reading]], Iterator[Batch]]:
    """`carried`, but the training is interrupted when it asks for one more batch."""

    def stream(feed: Feed, readings: list[Reading]) -> Iterator[Batch]:
        for count, batch in enumerate(carried(feed, readings)):
            if count == batches:
                raise KeyboardInterrupt
            yield batch

    return stream


def trained(recipe: Recipe, folder: Path) -> Stage:
    """Train the cartesian view in a run folder, or resume."""
    stage = StageGraph(recipe, Storage.at(folder)).train("cartesian")
    view_training.ViewTraining(recipe, stage, "cartesian", 0, 1, "cpu").run()
    return stage
