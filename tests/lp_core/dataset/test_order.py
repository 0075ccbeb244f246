"""`order` visits every row once an epoch, whatever the number of workers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lp_core.dataset.order import epoch_order

settings = st.tuples(
    st.integers(1, 300), st.integers(1, 8), st.integers(0, 40), st.integers(1, 64), st.integers(1, 20), st.data()
)


@given(settings)
def test_every_row_comes_once_whatever_the_workers(drawn):
    rows, lanes, extra, window, group_rows, data = drawn
    batch_size = lanes + extra
    world = data.draw(st.integers(1, lanes))
    numbers = np.arange(rows) * 3 + 1
    order = epoch_order(numbers, np.arange(rows) // group_rows, 5, 2, batch_size, lanes, window)
    alone = [order.batch(step) for step in range(order.steps)]
    assert sorted(np.concatenate(alone)) == numbers.tolist()
    assert [len(batch) for batch in alone[:-1]] == [batch_size] * (order.steps - 1)
    for step, batch in enumerate(alone):
        shares = [order.batch(step, rank, world) for rank in range(world)]
        assert np.array_equal(np.concatenate(shares), batch)
        assert order.batch_images(step) == len(batch)


def test_epochs_differ_and_repeat():
    def first(seed, epoch):
        return epoch_order(np.arange(500), np.arange(500) // 50, seed, epoch, 50, 5, 100).batch(0).tolist()

    assert first(0, 0) == first(0, 0)
    assert len({tuple(first(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9


@pytest.mark.parametrize("window", [1, 50])
def test_a_window_within_a_row_group_reads_each_group_once(window):
    groups = np.arange(1000) // 50
    order = epoch_order(np.arange(1000), groups, 0, 0, 40, 4, window)
    lane = np.concatenate([order.batch(step, 0, 4) for step in range(order.steps)])
    changes = np.count_nonzero(np.diff(groups[lane]))
    assert changes <= len(lane) // 50


def test_a_window_smaller_than_a_row_group_mixes_its_rows() -> None:
    """Rows are numbered by image id: those of a group, though stored in random order, are numbered class by class."""
    rows = np.arange(4000)
    groups = np.random.default_rng(0).permutation(rows) // 400
    order = epoch_order(rows, groups, 0, 0, 40, 4, 50)
    assert sorted(order.rows_N.tolist()) == rows.tolist()
    classes = [len(np.unique(order.rows_N[start : start + 50] // 100)) for start in range(0, 4000, 50)]
    assert min(classes) > 15  # of 40; 5 where a window is an eighth of a group in ascending order
    inside = np.split(groups[order.rows_N], 10)
    assert all(len(np.unique(some)) == 1 for some in inside)
