"""Ray Data's batches reach the device through the thread that reads ahead, whole and in order; it can be left early."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from lp_core.dataset.feed import Reading
from tasks.device_feed import delivered, fetched
from tasks.from_recipe import feed_of
from tasks.ingest import stream
from tests.tasks.in_process import HostCopies

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def _ray() -> Iterator[None]:
    import ray

    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.mark.filterwarnings("ignore")  # of Ray
@pytest.mark.usefixtures("_ray")
def test_batches_of_ray_data(small_recipe) -> None:
    feed = feed_of(small_recipe, "cartesian")
    readings = [Reading("train", 0, 6), Reading("validation", 0, 1), Reading("train", 6, 10)]
    expected = [batch for reading in readings for batch in feed.batches(reading)]
    copies = HostCopies()
    found = list(delivered(fetched(stream(feed, readings), copies), copies))
    assert [batch.index for batch in found] == [batch.index for batch in expected]
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(np.asarray(one.images_NSRC), other.images_NSRC)
        assert np.array_equal(np.asarray(one.labels_N), other.labels_N)
        assert np.array_equal(np.asarray(one.rows_N), other.rows_N)
    reading_ahead = fetched(stream(feed, readings), copies)
    next(iter(reading_ahead))
    reading_ahead.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name == "batches ahead"]
