"""What Ray Data runs: one task fetches encoded photographs in order, others decode, crop and warp them into batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

import numpy as np
import pyarrow as pa

from lp_core.dataset.feed import Batch, Feed, Reading, TrainingSplit, open_dataset
from lp_core.dataset.fetch import Fetch
from lp_core.dataset.folder import Photograph
from lp_core.dataset.turns import Turn, turns_of
from tasks.blocks import block_of, rows_of
from tasks.worker_process import prepare_reading

BLOCK_BYTES = 10 * 2**20
"""Batches travel together up to this size: a block of 32 images of 64 px would cost more than their transport."""


def fetch(_: pa.Table, feed: Feed, readings: list[Reading]) -> Iterator[pa.Table]:
    """Yield the encoded photographs of some readings, turn by turn; one task per execution, so that all groups are its.

    Raises:
        LogpolarError: a row group cannot be read, or its shard changed since it was indexed.
    """
    turns = turns_of(feed, readings)
    for turn, photographs in zip(turns, Fetch(open_dataset(feed.data.path), turns), strict=True):
        yield block_of(
            {
                "split": turn.split.encode(),
                "index": turn.index_N,
                "row": turn.rows_N,
                "size": np.array([len(data) for data in photographs], np.int64),
                "data": b"".join(photographs),
            }
        )


def decode(block: pa.Table, feed: Feed) -> Iterator[pa.Table]:
    """Yield the network inputs of what `fetch` sent, a block for each batch or for several small ones."""
    prepare_reading()
    for row in rows_of(block):
        split = cast(TrainingSplit, row["split"].tobytes().decode())
        turn = Turn(split, row["index"].view(np.int64), row["row"].view(np.int64))
        edges = np.cumsum(row["size"].view(np.int64))[:-1]
        photographs = _photographs(feed, turn, np.split(row["data"], edges))
        together: list[Batch] = []
        for index, part in turn.batches():
            together.append(feed.decoded(split, index, photographs[part]))
            if sum(batch.images_NSRC.nbytes for batch in together) >= BLOCK_BYTES:
                yield _sent(together)
                together = []
        if together:
            yield _sent(together)


def arrays_of(feed: Feed, blocks: Iterable[pa.Table]) -> Iterator[dict[str, np.ndarray]]:
    """Yield what `decode` sent, not copied, read-only: `image` uint8 [n, S, R, 3], `label` and `row` int64 [n]."""
    shape = feed.geometry.shape(feed.view)
    for block in blocks:
        for row in rows_of(block):
            numbers = {name: row[name].view(np.int64) for name in ("label", "row")}
            yield {"image": row["image"].reshape(-1, *shape, 3), **numbers}


def _photographs(feed: Feed, turn: Turn, parts: list[np.ndarray]) -> list[Photograph]:
    table = open_dataset(feed.data.path).rows(turn.split)
    return [
        Photograph(row, table.image_id(row), int(table.label[row]), data.tobytes())
        for row, data in zip(turn.rows_N.tolist(), parts, strict=True)
    ]


def _sent(batches: list[Batch]) -> pa.Table:
    columns = {
        "image": [batch.images_NSRC for batch in batches],
        "label": [batch.labels_N for batch in batches],
        "row": [batch.rows_N for batch in batches],
    }
    joined = {name: parts[0] if len(parts) == 1 else np.concatenate(parts) for name, parts in columns.items()}
    return block_of(joined)
