"""A training in this process: batches are read without Ray, whose part is only to carry them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import torch

from lp_core.dataset.feed import Batch, Feed, Reading
from lp_core.network.kernels import deterministic_kernels
from lp_core.run.stage import Stage
from lp_core.settings import Recipe
from lp_core.storage import Storage
from tasks.device_feed import DeviceBatch
from tasks.ingest import regroup
from tasks.map_stage import arrays_of, decode, fetch
from tasks.view_training import Stream, ViewTraining
from tasks.workers import Workers
from workflows.stages import StageGraph


def carried(feed: Feed, readings: list[Reading]) -> Iterator[Batch]:
    """What `tasks.ingest.stream` yields, read in this process."""
    blocks = (block for fetched in fetch(pa.table({}), feed, readings) for block in decode(fetched, feed))
    return regroup(feed, readings, arrays_of(feed, blocks))


def interrupted_after(batches: int) -> Callable[[Feed, list[Reading]], Iterator[Batch]]:
    """`carried`, but the training is interrupted when it asks for one more batch."""

    def stream(feed: Feed, readings: list[Reading]) -> Iterator[Batch]:
        for count, batch in enumerate(carried(feed, readings)):
            if count == batches:
                raise KeyboardInterrupt
            yield batch

    return stream


class HostCopies:
    """What `CudaCopies` does, on a CPU: copies are made by one thread, and announced to the other."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.arrived: list[int] = []
        self.threads: set[int] = set()

    def begin(self, batch: DeviceBatch) -> DeviceBatch:
        self.begun.append(batch.index)
        self.threads.add(threading.get_ident())
        tensors = [torch.tensor(array) for array in (batch.images_NSRC, batch.labels_N, batch.rows_N)]
        return DeviceBatch(*tensors, batch.faulty_rows, batch.index, batch.index)

    def arrive(self, batch: DeviceBatch) -> None:
        assert batch.arrived == batch.index
        assert threading.get_ident() not in self.threads
        self.arrived.append(batch.index)


def trained(recipe: Recipe, folder: Path, stream: Stream = carried) -> Stage:
    """Train the cartesian view in a run folder, or resume."""
    stage = StageGraph(recipe, Storage.at(folder)).train("cartesian")
    with deterministic_kernels():
        ViewTraining(recipe, stage, "cartesian", Workers(0, 1, torch.device("cpu")), stream).run()
    return stage
