"""`map_stage` makes the same batches as `Feed.batches`, in blocks that hold whole batches."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from lp_core.dataset.feed import Reading
from lp_core.dataset.turns import FIRST_ROWS
from tasks.from_recipe import feed_of
from tasks.ingest import regroup
from tasks.map_stage import arrays_of, decode, fetch


def blocks_of(feed, readings):
    return [block for fetched in fetch(pa.table({}), feed, readings) for block in decode(fetched, feed)]


@pytest.mark.parametrize(
    ("world", "block_bytes", "first_rows"), [(1, 1, 7), (3, 1, FIRST_ROWS), (1, 200_000, FIRST_ROWS), (3, 10**9, 7)]
)
def test_batches_are_those_of_the_feed(small_recipe, monkeypatch, world, block_bytes, first_rows):
    monkeypatch.setattr("tasks.map_stage.BLOCK_BYTES", block_bytes)
    monkeypatch.setattr("lp_core.dataset.turns.FIRST_ROWS", first_rows)
    recipe = replace(small_recipe, data=replace(small_recipe.data, limit=50))
    feed = feed_of(recipe, "log_polar", world - 1, world)
    steps = feed.steps_per_epoch
    readings = [Reading("train", 1, steps + 1), Reading("validation", 0, 1), Reading("train", steps + 1, steps + 2)]
    expected = [batch for reading in readings for batch in feed.batches(reading)]
    found = list(regroup(feed, readings, arrays_of(feed, blocks_of(feed, readings))))
    assert [batch.index for batch in found] == [batch.index for batch in expected]
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one.rows_N, other.rows_N)
        if len(one.rows_N):
            assert np.array_equal(one.images_NSRC, other.images_NSRC)
            assert np.array_equal(one.labels_N, other.labels_N)


def test_a_large_batch_is_a_block_of_its_own_and_is_not_copied(small_recipe, monkeypatch):
    monkeypatch.setattr("tasks.map_stage.BLOCK_BYTES", 1)
    monkeypatch.setattr("lp_core.dataset.turns.FIRST_ROWS", small_recipe.train.batch_size)
    feed, readings = feed_of(small_recipe, "cartesian"), [Reading("train", 0, 3)]
    blocks = blocks_of(feed, readings)
    assert [block.num_rows for block in blocks] == [1, 1, 1]
    sent = list(arrays_of(feed, blocks))
    for batch, arrays in zip(regroup(feed, readings, iter(sent)), sent, strict=True):
        assert np.shares_memory(batch.images_NSRC, arrays["image"])
