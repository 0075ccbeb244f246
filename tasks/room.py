"""How many trainings of one kind a cluster holds at the same time."""

from __future__ import annotations

from lp_core.errors import ClusterError, check
from lp_core.settings import TrainSettings
from tasks.cluster import Cluster
from tasks.cpus import usable_cpus
from tasks.training import views_at_once


def logical_cpus(train: TrainSettings, views: int) -> int:
    """Logical CPUs that the training of a run takes at most."""
    return views * train.workers * train.cpus_per_worker


def local_room(train: TrainSettings, views: int, cpus: int | None = None) -> int:
    """Return how many runs train at the same time on this machine's CPUs; at least 1.

    Reading counts for nothing: `start_local` adds logical CPUs for the training workers.

    Args:
        train: settings of each.
        views: of each.
        cpus: of this machine; those that this process may use unless given.
    """
    return max(1, (cpus or usable_cpus()) // logical_cpus(train, views))


def cluster_room(train: TrainSettings, views: int, cluster: Cluster) -> int:
    """Return how many runs train at the same time on a cluster, each with a CPU left to read with; at least 1.

    Args:
        train: settings of each.
        views: of each.
        cluster: as it is now; one that grows has more room later.
    """
    on_gpus = train.device != "cpu" and cluster.gpus > 0
    workers = train.workers * views_at_once(train, views, cluster.cpus, cluster.gpus if on_gpus else 0.0)
    room = cluster.cpus // (workers * train.cpus_per_worker + 1)
    return max(1, min(room, int(cluster.gpus // workers)) if on_gpus else room)


def check_room(train: TrainSettings, views: int, cluster: Cluster, at_once: int) -> None:
    """Refuse so many runs that their training workers would hold every CPU: no reader would ever run.

    Raises:
        ClusterError: the message names the number of CPUs.
    """
    workers = train.workers * views_at_once(train, views, cluster.cpus, 0.0)
    needed = at_once * workers * train.cpus_per_worker + 1
    check(
        cluster.grows or at_once == 1 or needed <= cluster.cpus,
        f"{at_once} runs at once need {needed} CPUs, their readers included, but the cluster has {cluster.cpus}; "
        f"at most {cluster_room(train, views, cluster)} at once have room",
        ClusterError,
    )
