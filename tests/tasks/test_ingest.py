"""`ingest` regroups Ray's blocks into the planned batches, and notices lost or exchanged rows."""

import numpy as np
import pytest

from lp_core.dataset.feed import Reading
from lp_core.errors import InvariantError
from tasks.from_recipe import feed_of
from tasks.ingest import readings_of_training, regroup


def blocks_of(feed, readings, rng):
    """What Ray Data might hand over: the same rows, in order, in blocks of any size."""
    batches = [batch for reading in readings for batch in feed.batches(reading)]
    columns = {
        "image": np.concatenate([batch.images_NSRC for batch in batches]),
        "label": np.concatenate([batch.labels_N for batch in batches]),
        "row": np.concatenate([batch.rows_N for batch in batches]),
    }
    cuts = np.sort(rng.integers(0, len(columns["row"]), 9))
    return [
        {name: part for name, part in zip(columns, parts, strict=False)}
        for parts in zip(*(np.split(c, cuts) for c in columns.values()), strict=False)
    ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("world", [1, 3])
def test_batches_survive_any_blocks(small_recipe, seed, world):
    feed = feed_of(small_recipe, "cartesian", world - 1, world)
    readings = [Reading("train", 3, 7), Reading("validation", 0, feed.validation_batches), Reading("train", 7, 12)]
    blocks = blocks_of(feed, readings, np.random.default_rng(seed))
    expected = [batch for reading in readings for batch in feed.batches(reading)]
    found = list(regroup(feed, readings, iter(blocks)))
    assert [batch.index for batch in found] == [batch.index for batch in expected]
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one.rows_N, other.rows_N)
        if len(one.rows_N):
            assert np.array_equal(one.images_NSRC, other.images_NSRC)


def test_lost_or_exchanged_rows_are_noticed(small_recipe):
    feed = feed_of(small_recipe, "cartesian")
    readings = [Reading("train", 0, 2)]
    [*blocks] = blocks_of(feed, readings, np.random.default_rng(0))
    short = [*blocks[:-1], {name: column[:-1] for name, column in blocks[-1].items()}]
    with pytest.raises(InvariantError, match="ended 1 rows early"):
        list(regroup(feed, readings, iter(short)))
    turned = [{name: column[::-1] for name, column in block.items()} for block in reversed(blocks)]
    with pytest.raises(InvariantError, match="other rows arrived"):
        list(regroup(feed, readings, iter(turned)))


@pytest.mark.parametrize(
    ("first", "last", "validate"), [(0, 20, {10, 20}), (7, 20, {10, 20}), (0, 3, set()), (20, 20, {20})]
)
def test_the_plan_is_whole_and_in_order(small_recipe, first, last, validate):
    feed = feed_of(small_recipe, "cartesian")
    steps, validated = [], []
    for reading in readings_of_training(feed, first, last, validate):
        if reading.split == "train":
            steps += range(reading.first, reading.last)
        else:
            validated.append(steps[-1] + 1)
    assert steps == list(range(first, last))
    assert sorted(set(validated)) == sorted(step for step in validate if first < step <= last)
