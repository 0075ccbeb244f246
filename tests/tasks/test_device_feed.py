"""Batches reach the device in order and whole, made ahead by a thread that ends with its consumer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from lp_core.dataset.feed import FAULTY, Batch, Reading
from tasks.device_feed import AHEAD, DeviceBatch, copies_to, delivered, fetched, made_ahead
from tasks.from_recipe import feed_of
from tests.tasks.in_process import HostCopies


@pytest.fixture
def batches(small_recipe, faulty_folder) -> list[Batch]:
    """An epoch: faulty rows, and a last batch of another size."""
    recipe = replace(
        small_recipe,
        data=replace(small_recipe.data, path=faulty_folder),
        train=replace(small_recipe.train, batch_size=56),
    )
    found = list(feed_of(recipe, "cartesian").batches(Reading("train", 0, 5)))
    assert len({len(batch.rows_N) for batch in found}) == 2
    assert any(batch.faulty_rows for batch in found)
    return found


def equal(found: DeviceBatch, batch: Batch) -> bool:
    usable = batch.usable
    pairs = zip(
        (found.images_NSRC, found.labels_N, found.rows_N),
        (usable.images_NSRC, usable.labels_N, usable.rows_N),
        strict=True,
    )
    return found.index == batch.index and all(np.array_equal(np.asarray(a), b) for a, b in pairs)


@pytest.mark.parametrize("ahead", [1, AHEAD, 9])
def test_copied_ahead_they_are_the_same_batches_in_order(batches, ahead) -> None:
    copies = HostCopies()
    found = list(delivered(fetched(iter(batches), copies, ahead), copies))
    assert all(equal(one, batch) for one, batch in zip(found, batches, strict=True))
    assert [one.faulty_rows for one in found] == [batch.faulty_rows for batch in batches]
    assert all((np.asarray(one.labels_N) != FAULTY).all() for one in found)
    assert copies.begun == copies.arrived == list(range(5))
    assert len(copies.threads) == 1


def test_on_a_cpu_nothing_is_copied_and_nothing_ahead(batches) -> None:
    assert copies_to(torch.device("cpu")) is None
    asked: list[int] = []

    def reader() -> Iterator[Batch]:
        for batch in batches:
            asked.append(batch.index)
            yield batch

    whole = next(index for index, batch in enumerate(batches) if not batch.faulty_rows)
    for count, found in enumerate(delivered(fetched(reader(), None), None)):
        assert asked == list(range(count + 1))
        if count == whole:
            assert found.images_NSRC is batches[whole].images_NSRC


def test_no_more_are_made_than_asked_for() -> None:
    made: list[int] = []
    numbers = made_ahead(iter(range(100)), lambda number: made.append(number) or number, 3)
    assert [next(numbers) for _ in range(5)] == [0, 1, 2, 3, 4]
    numbers.close()
    assert len(made) <= 5 + 3 + 1


def test_an_error_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield from range(4)
        raise KeyboardInterrupt

    found: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        found.extend(made_ahead(items(), lambda number: number, 2))
    assert found == [0, 1, 2, 3]
    with pytest.raises(ZeroDivisionError):
        list(made_ahead(iter([1, 0]), lambda number: 1 / number, 2))


def test_the_thread_closes_its_items_and_ends_with_the_consumer() -> None:
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.set()

    before = threading.active_count()
    numbers = made_ahead(items(), lambda number: number, 2)
    assert next(numbers) == 0
    assert threading.active_count() == before + 1
    numbers.close()
    assert closed.is_set()
    assert threading.active_count() == before
