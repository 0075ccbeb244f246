"""`turns` hold the rows of the readings in order; the first batch is several of them."""

import numpy as np
import pytest

from lp_core.dataset.feed import Reading
from lp_core.dataset.turns import FIRST_ROWS, Turn, turns_of
from tasks.from_recipe import feed_of


@pytest.mark.parametrize("world", [1, 3])
@pytest.mark.parametrize("first_rows", [5, FIRST_ROWS])
def test_turns_are_the_readings_in_order(small_recipe, monkeypatch, world, first_rows):
    monkeypatch.setattr("lp_core.dataset.turns.FIRST_ROWS", first_rows)
    feed = feed_of(small_recipe, "cartesian", 0, world)
    steps = feed.steps_per_epoch
    readings = [
        Reading("train", 2, 6),
        Reading("validation", 0, feed.validation_batches),
        Reading("train", 6, steps + 2),
    ]
    turns = turns_of(feed, readings)
    planned = [
        (reading.split, index, row)
        for reading in readings
        for index in range(reading.first, reading.last)
        for row in feed.rows(reading.split, index).tolist()
    ]
    found = [
        (turn.split, index, row)
        for turn in turns
        for index, row in zip(turn.index_N.tolist(), turn.rows_N.tolist(), strict=True)
    ]
    assert found == planned
    of_first = [len(turn.rows_N) for turn in turns if 2 in turn.index_N]
    first_batch = len(feed.rows("train", 2))
    assert sum(of_first) == first_batch
    assert of_first == [min(first_rows, first_batch - start) for start in range(0, first_batch, first_rows)]
    behind = turns[len(of_first)]
    assert len(behind.rows_N) == min(first_rows, sum(len(feed.rows("train", step)) for step in (3, 4, 5)))
    assert len(turns) == len(readings) + len(of_first) + 1  # what the first reading has left is one


def test_where_a_reading_is_one_batch_the_next_begins_with_a_small_turn(small_recipe, monkeypatch):
    monkeypatch.setattr("lp_core.dataset.turns.FIRST_ROWS", 10)
    assert small_recipe.train.batch_size == 24
    feed = feed_of(small_recipe, "cartesian", 0, 1)
    turns = turns_of(feed, [Reading("train", step, step + 1) for step in range(3)])
    assert [len(turn.rows_N) for turn in turns] == [10, 10, 4, 10, 14, 24]


def test_batches_are_runs_of_one_number():
    turn = Turn("train", np.array([0, 0, 0, 7, 8, 8]), np.arange(6))
    assert list(turn.batches()) == [(0, slice(0, 3)), (7, slice(3, 4)), (8, slice(4, 6))]


def test_nothing_has_no_turns(small_recipe):
    feed = feed_of(small_recipe, "cartesian", 2, 3)
    assert turns_of(feed, []) == []
    beyond = feed.validation_batches
    assert turns_of(feed, [Reading("validation", beyond, beyond + 1)]) == []
