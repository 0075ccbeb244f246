"""`blocks` carries arrays as they are: the same bytes, in the same memory."""

import pickle

import numpy as np
import pyarrow as pa
import pytest
from ray.data._internal.output_buffer import BlockOutputBuffer, OutputBlockSizeOption

from tasks.blocks import ONE_ROW_A_BLOCK, block_of, rows_of

ARRAYS = {
    "image": np.arange(2 * 5 * 7 * 3, dtype=np.uint8).reshape(2, 5, 7, 3),
    "row": np.array([2**40, -1], np.int64),
    "split": b"train",
    "nothing": np.zeros((0, 5, 7, 3), np.uint8),
}


def test_bytes_arrive_as_they_were_sent():
    [row] = rows_of(block_of(ARRAYS))
    assert {name: value.tobytes() for name, value in row.items()} == {
        name: value if isinstance(value, bytes) else value.tobytes() for name, value in ARRAYS.items()
    }


def test_nothing_is_copied():
    [row] = rows_of(block_of(ARRAYS))
    assert np.shares_memory(row["image"], ARRAYS["image"])


@pytest.mark.parametrize("is_cut", [False, True])
def test_rows_may_arrive_together(is_cut):
    blocks = [block_of({"row": np.array([number, number + 1])}) for number in range(4)]
    together = pa.concat_tables(blocks).slice(1) if is_cut else pa.concat_tables(blocks)
    found = [row["row"].view(np.int64).tolist() for row in rows_of(together)]
    assert found == [[number, number + 1] for number in range(is_cut, 4)]


def test_arrays_travel_beside_the_pickle_not_in_it():
    outside = []
    data = pickle.dumps(block_of(ARRAYS), protocol=5, buffer_callback=outside.append)
    assert sum(len(buffer.raw()) for buffer in outside) >= ARRAYS["image"].nbytes
    [row] = rows_of(pickle.loads(data, buffers=outside))
    assert row["image"].tobytes() == ARRAYS["image"].tobytes()


def test_ray_data_neither_glues_nor_cuts_a_block_of_one_row():
    buffer = BlockOutputBuffer(OutputBlockSizeOption(target_max_block_size=ONE_ROW_A_BLOCK))
    sent = [np.arange(count) for count in (3, 100_000, 1)]
    arrived = []
    for array in sent:
        buffer.add_batch(block_of({"row": array}))
        arrived += buffer.iter_ready_blocks()
    assert [block.num_rows for block in arrived] == [1, 1, 1]
    for block, array in zip(arrived, sent, strict=True):
        [row] = rows_of(block)
        assert np.shares_memory(row["row"], array)
        assert np.array_equal(row["row"].view(np.int64), array)
