"""What travels between Ray's processes: blocks of one row, whose values are whole arrays.

Ray Data glues and cuts blocks between rows only. A block of one row arrives as it was sent: its arrays are copied once,
into the object store, and read from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
import pyarrow as pa

ONE_ROW_A_BLOCK = 1
"""`target_max_block_size` in bytes with which Ray Data makes a block of every row: all are larger; none is cut."""


def block_of(arrays: Mapping[str, np.ndarray | bytes]) -> pa.Table:
    """Return a block of one row that holds the memory of some arrays, which are not copied.

    Args:
        arrays: C-contiguous, by name; their types and shapes are not kept.
    """
    return pa.table({name: _one_value(array) for name, array in arrays.items()})


def _one_value(array: np.ndarray | bytes) -> pa.Array:
    data = pa.py_buffer(array if len(array) else b"")
    offsets = pa.py_buffer(np.array([0, data.size], np.int64))
    return pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, data])


def rows_of(block: pa.Table) -> Iterator[dict[str, np.ndarray]]:
    """Yield, for each row of a block, uint8 [bytes] views of its values by name; nothing is copied."""
    for batch in block.to_batches():
        values = {name: _values(batch.column(name)) for name in batch.schema.names}
        for row in range(batch.num_rows):
            yield {name: value[row] for name, value in values.items()}


def _values(column: pa.Array) -> list[np.ndarray]:
    """Views of a column's values; a scalar's buffer would be a copy."""
    _, offsets, data = column.buffers()
    edge_N = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    bytes_B = np.frombuffer(data or b"", np.uint8)
    return [bytes_B[start:stop] for start, stop in pairwise(edge_N.tolist())]
