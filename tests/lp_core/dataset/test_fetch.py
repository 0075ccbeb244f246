"""`fetch` yields each turn's photographs, reads each row group once, and again only where memory is short."""

import os
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lp_core.dataset.feed import open_dataset
from lp_core.dataset.fetch import Fetch
from lp_core.dataset.order import epoch_order
from lp_core.dataset.turns import Turn
from lp_core.errors import DataError


class Groups:
    """Row groups of `rows` neighbours; the photograph of a row is its number, in ten bytes."""

    def __init__(self, rows):
        self.rows, self.read = rows, []

    def groups_of(self, split, rows_N):
        return rows_N // self.rows

    def encoded(self, split, group, rows):
        assert all(row // self.rows == group for row in rows)
        self.read.append((split, group))  # by several threads
        return {row: photograph(split, row) for row in rows}


def photograph(split, row):
    return f"{split[0]}{row:9d}".encode()


def turn(split, rows):
    return Turn(split, np.zeros(len(rows), np.int64), np.array(rows, np.int64))


rows_of_a_turn = st.lists(st.integers(0, 40), min_size=1, max_size=9, unique=True)
any_turns = st.lists(st.tuples(st.sampled_from(["train", "validation"]), rows_of_a_turn), max_size=12)


@settings(max_examples=50)
@given(any_turns, st.integers(1, 12), st.sampled_from([0, 50, 120, 10**6]))
def test_whatever_is_kept_each_turn_gets_its_photographs(planned, rows, kept):
    groups, turns = Groups(rows), [turn(*part) for part in planned]
    fetch = Fetch(groups, turns, kept)
    found = list(fetch)
    assert found == [[photograph(split, row) for row in numbers] for split, numbers in planned]
    assert fetch.reads == len(groups.read)
    assert fetch.most_bytes <= max(kept, 10 * max((len(numbers) for _, numbers in planned), default=0))
    if kept == 10**6:
        wanted = {(split, row // rows) for split, numbers in planned for row in numbers}
        assert Counter(groups.read) == Counter(wanted)


def test_rows_whose_turn_is_last_are_dropped_first_and_read_again_once():
    turns = [turn("train", [0]), turn("train", [1]), turn("train", [2, 3]), turn("train", [2])]
    fetch = Fetch(Groups(4), turns, kept_bytes=20)
    reads = []
    for _ in fetch:
        reads.append(fetch.reads)
    assert reads == [1, 1, 2, 3]  # when the third turn was read again, there was no room for the fourth


@pytest.mark.parametrize("world", [1, 2, 8, 16])
def test_an_epoch_reads_a_group_hardly_more_than_once_whatever_the_workers(world):
    lanes, group, rows = 16, 8, 2048 + 5
    order = epoch_order(np.arange(rows), np.arange(rows) // group, 3, 1, 32, lanes, group)
    reads, every = 0, []
    for rank in range(world):
        turns = [turn("train", order.batch(step, rank, world)) for step in range(order.steps)]
        fetch = Fetch(Groups(group), [part for part in turns if len(part.rows_N)])
        every += [data for photographs in fetch for data in photographs]
        reads += fetch.reads
    assert sorted(every) == [photograph("train", row) for row in range(rows)]
    # Neighbours share the window in which the lanes of one end, and a window holds rows of two groups.
    assert reads <= -(-rows // group) + 2 * (world - 1)


def test_a_data_set_is_read_as_photographs_reads_it(small_recipe):
    dataset = open_dataset(small_recipe.data.path)
    planned = [("train", [40, 3, 77]), ("validation", [5, 1]), ("train", [3, 9])]
    found = list(Fetch(dataset, [turn(*part) for part in planned]))
    for (split, rows), photographs in zip(planned, found, strict=True):
        assert photographs == [one.data for one in dataset.photographs(split, np.array(rows))]


def test_what_cannot_be_read_is_named(small_recipe, monkeypatch):
    dataset = open_dataset(small_recipe.data.path)
    table = dataset.rows("train")
    gone = os.path.join("gone", os.path.basename(table.place(0)[0]))
    monkeypatch.setattr(type(table), "place", lambda self, group: (gone, 0))
    with pytest.raises(DataError, match=gone):
        list(Fetch(dataset, [turn("train", [0])]))
