"""As many runs train at the same time as leave every one a CPU to read with."""

from dataclasses import replace

import pytest

from lp_core.errors import ClusterError
from lp_core.settings import TrainSettings
from tasks.cluster import Cluster
from tasks.room import check_room, cluster_room, local_room

TRAIN = TrainSettings()
GPU = replace(TRAIN, device="gpu")


def cluster(cpus: int, gpus: float = 0.0, grows: bool = False) -> Cluster:
    return Cluster(cpus, gpus, False, grows, cpus, gpus)


@pytest.mark.parametrize(
    ("train", "views", "cpus", "room"),
    [
        (TRAIN, 2, 2, 1),
        (TRAIN, 1, 2, 2),
        (TRAIN, 2, 1, 1),
        (TRAIN, 2, 16, 8),
        (replace(TRAIN, cpus_per_worker=4), 2, 16, 2),
        (replace(TRAIN, workers=3), 2, 16, 2),
        (replace(TRAIN, workers=8), 2, 4, 1),
    ],
)
def test_room_of_this_machine(train, views, cpus, room):
    assert local_room(train, views, cpus) == room


@pytest.mark.parametrize(
    ("train", "views", "cpus", "gpus", "room"),
    [
        (TRAIN, 2, 0, 0, 1),  # an autoscaler's cluster before its first node
        (TRAIN, 2, 2, 0, 1),
        (TRAIN, 2, 6, 0, 2),
        (TRAIN, 1, 6, 0, 3),
        (TRAIN, 2, 64, 4, 2),
        (TRAIN, 2, 6, 8, 2),  # GPUs for four, but CPUs for two
        (replace(TRAIN, device="cpu"), 2, 6, 1, 2),
        (GPU, 2, 64, 1, 1),  # one view after the other
        (replace(TRAIN, workers=4), 2, 64, 8, 2),
    ],
)
def test_room_of_a_cluster(train, views, cpus, gpus, room):
    assert cluster_room(train, views, cluster(cpus, gpus)) == room


@pytest.mark.parametrize("views", [1, 2])
@pytest.mark.parametrize("cpus", [1, 2, 5, 16, 64])
def test_room_is_never_refused(views, cpus):
    found = cluster(cpus)
    check_room(TRAIN, views, found, cluster_room(TRAIN, views, found))


def test_more_than_the_cpus_is_refused_unless_the_cluster_grows():
    with pytest.raises(ClusterError, match=r"^4 runs at once need 9 CPUs.*has 6; at most 2 at once"):
        check_room(TRAIN, 2, cluster(6), 4)
    check_room(TRAIN, 2, cluster(6, grows=True), 4)
