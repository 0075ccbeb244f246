"""Ray Data's batches reach the device through the thread that reads ahead, whole and in order; it can be left early."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from lp_core.dataset.feed import Reading
from lp_core.settings import DataSettings, Recipe, TrainSettings, ViewSettings
from tasks.device_feed import delivered, fetched
from tasks.from_recipe import feed_of
from tasks.ingest import stream
from tests.tasks.in_own_process import run_with_ray
from tests.tasks.in_process import HostCopies


def read_by_a_thread(folder: str) -> None:
    data = DataSettings(path=folder, lanes=4)
    recipe = Recipe(name="demo", data=data, geometry=ViewSettings(size=32), train=TrainSettings(batch_size=24))
    feed, copies = feed_of(recipe, "cartesian"), HostCopies()
    readings = [Reading("train", 0, 6), Reading("validation", 0, 1), Reading("train", 6, 10)]
    expected = [batch for reading in readings for batch in feed.batches(reading)]
    found = list(delivered(fetched(stream(feed, readings), copies), copies))
    assert [batch.index for batch in found] == [batch.index for batch in expected]
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(np.asarray(one.images_NSRC), other.images_NSRC)
        assert np.array_equal(np.asarray(one.labels_N), other.labels_N)
        assert np.array_equal(np.asarray(one.rows_N), other.rows_N)
    ahead = fetched(stream(feed, readings), copies)
    next(ahead)
    ahead.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name == "batches ahead"]


@pytest.mark.ray
def test_batches_of_ray_data(toy_folder: str) -> None:
    run_with_ray(read_by_a_thread, toy_folder, num_cpus=2)
