"""Processor time from a reading task to training, without Ray's processes: fetching photographs, and moving batches.

    python -m benchmarks.batch_transport --data DATA [--recipe imagenet] [--readings 6] [--rounds 5]

DATA is a data set folder. First, row groups: every reading for itself (`DatasetFolder.photographs`, cache of 256 MiB),
beside `lp_core.dataset.fetch`, which knows the readings to come. Then batches of one colour: Ray Data's own form,
columns of tensors that are glued and cut to blocks of 10 MiB, beside blocks of one row (`tasks.blocks`). Both are
pickled as Ray pickles them, copied into memory that exists already, as into the object store, and turned back into
whole batches. Last, a batch that became a tensor on the CPU and was normalised: from a copy, and from its own memory.
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from benchmarks.machine import machine_line
from benchmarks.timing import in_turns, table_head, table_row
from lp_core.dataset.feed import Feed, open_dataset
from lp_core.dataset.fetch import Fetch
from lp_core.dataset.turns import turns_of
from lp_core.network.inputs import normalized
from tasks.blocks import block_of
from tasks.from_recipe import feed_of
from tasks.ingest import readings_of_training, regroup
from tasks.map_stage import arrays_of
from workflows.recipes import recipe as named

BATCHES = 6
"""Batches that are moved: several, because tensors are glued across them."""


def alone(feed: Feed, count: int) -> Iterator[int]:
    """Fetch each reading for itself; yields the number of images."""
    dataset = open_dataset(feed.data.path)
    for reading in _readings(feed, count):
        rows_N = np.concatenate([feed.rows("train", index) for index in range(reading.first, reading.last)])
        yield sum(1 for _ in dataset.photographs("train", rows_N))


def in_turn(feed: Feed, count: int) -> Iterator[int]:
    """Fetch all readings together; yields the number of images."""
    for photographs in Fetch(open_dataset(feed.data.path), turns_of(feed, _readings(feed, count))):
        yield len(b"".join(photographs)) and len(photographs)


def _readings(feed: Feed, count: int) -> list[Any]:
    return readings_of_training(feed, 0, feed.steps_per_epoch, set())[:count]


def as_tensors(batches: list[dict[str, np.ndarray]], store: Store) -> Iterator[dict[str, np.ndarray]]:
    """What Ray Data makes of a generator's arrays."""
    from ray.data._internal.output_buffer import BlockOutputBuffer, OutputBlockSizeOption
    from ray.data.block import BlockAccessor

    def glued() -> Iterator[pa.Table]:
        buffer = BlockOutputBuffer(OutputBlockSizeOption(target_max_block_size=10 * 2**20))
        for batch in batches:
            buffer.add_batch(batch)
            yield from buffer.iter_ready_blocks()
        buffer.finalize()
        yield from buffer.iter_ready_blocks()

    for block in glued():
        yield BlockAccessor.for_block(store.through(block)).to_batch_format("numpy")


def as_one_row(batches: list[dict[str, np.ndarray]], store: Store, feed: Feed) -> Iterator[dict[str, np.ndarray]]:
    """What `tasks.map_stage` makes of them."""
    yield from arrays_of(feed, (store.through(block_of(batch)) for batch in batches))


class Store:
    """Memory like the object store's: there already, and as large as a few blocks."""

    def __init__(self, size: int) -> None:
        self._memory, self._used = np.ones(size, np.uint8), 0

    def through(self, block: pa.Table) -> pa.Table:
        """Pickle a block, copy its buffers, and unpickle it from there."""
        from ray._private.arrow_serialization import _arrow_table_reduce

        outside: list[pickle.PickleBuffer] = []
        data = pickle.dumps(_arrow_table_reduce(block), protocol=5, buffer_callback=outside.append)
        restore, arguments = pickle.loads(data, buffers=[self._copied(buffer) for buffer in outside])
        return restore(*arguments)

    def _copied(self, buffer: pickle.PickleBuffer) -> memoryview:
        raw = buffer.raw()
        start = self._used if self._used + len(raw) <= len(self._memory) else 0
        self._used = -(-(start + len(raw)) // 64) * 64
        place = self._memory.data[start : start + len(raw)]
        place[:] = raw
        return place.toreadonly()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--recipe", default="imagenet")
    parser.add_argument("--readings", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    recipe = named(args.recipe)
    recipe = replace(recipe, data=replace(recipe.data, path=str(Path(args.data).resolve())))
    feed = feed_of(recipe, "log_polar")
    size, rows = feed.geometry.size, feed.batch_size
    print(f"{recipe.name}: {args.readings} readings, batches of {rows} at {size} px\n{machine_line()}\n")
    readings = _readings(feed, args.readings)
    images = sum(len(feed.rows("train", i)) for reading in readings for i in range(reading.first, reading.last))
    fetched = in_turns(
        {
            "each reading alone": lambda: list(alone(feed, args.readings)),
            "in turn": lambda: list(in_turn(feed, args.readings)),
        },
        2,
        warm_up=0,
    )
    moved_readings = readings_of_training(feed, 0, BATCHES, set())
    batches: list[dict[str, np.ndarray]] = [
        {
            "image": np.ones((len(rows_N), size, size, 3), np.uint8),
            "label": np.zeros(len(rows_N), np.int64),
            "row": rows_N,
        }
        for rows_N in (feed.rows("train", index) for index in range(BATCHES))
    ]
    store = Store(3 * rows * size * size * 3)

    def whole(blocks: Iterator[dict[str, np.ndarray]]) -> None:
        for batch in regroup(feed, moved_readings, blocks):
            assert batch.images_NSRC[-1, -1, -1, -1] == 1

    moved = in_turns(
        {
            "columns of tensors": lambda: whole(as_tensors(batches, store)),
            "blocks of one row": lambda: whole(as_one_row(batches, store, feed)),
        },
        args.rounds,
    )
    image_NSRC, cpu = batches[0]["image"], torch.device("cpu")
    image_NSRC.flags.writeable = False
    normalizing = in_turns(
        {
            "from a copy": lambda: normalized(torch.tensor(image_NSRC), cpu),
            "from its own memory": lambda: normalized(image_NSRC, cpu),
        },
        args.rounds,
    )
    print(table_head("fetching", "processor ms an image"))
    for name, seconds in fetched.items():
        print(table_row(name, f"{np.min(seconds) * 1e3 / images:.3f}"))
    print(f"\n{table_head('moving', 'processor ms a batch')}")
    for name, seconds in moved.items():
        print(table_row(name, f"{np.median(seconds) * 1e3 / BATCHES:.1f}"))
    print(f"\n{table_head('a normalised tensor', 'processor ms a batch')}")
    for name, seconds in normalizing.items():
        print(table_row(name, f"{np.median(seconds) * 1e3:.1f}"))


if __name__ == "__main__":
    main()
