"""What a connected Ray cluster has: CPUs, GPUs, and whether it grows."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from tasks.cpus import usable_cpus

WAITING_TASKS = 128
"""Pieces of work in flight on a cluster, however small it is now: an autoscaler brings nodes for those that wait."""

SHARED_BY = "LOGPOLAR_SHARED_BY"
"""Variable that tells a command of a sweep how many commands share the cluster."""


@dataclass(frozen=True)
class Cluster:
    """What the connected cluster has.

    Attributes:
        cpus: logical CPUs.
        gpus: GPUs.
        is_local: whether it was started here, for this run alone.
        grows: whether an autoscaler may bring more nodes.
        node_cpus: logical CPUs of the node that has most.
        node_gpus: GPUs of the node that has most.
        shared_by: commands that train on it at the same time, this one included.
    """

    cpus: int
    gpus: float
    is_local: bool
    grows: bool
    node_cpus: float
    node_gpus: float
    shared_by: int = 1

    def tasks_at_once(self) -> int:
        """Pieces of work to keep in flight, by what the cluster has now."""
        if self.is_local:
            return usable_cpus()
        import ray

        return max(WAITING_TASKS, 2 * int(ray.cluster_resources().get("CPU", 0)))


def describe_cluster(is_local: bool) -> Cluster:
    """Return what the connected cluster has now, on nodes that are alive.

    Args:
        is_local: whether it was started here, for this run alone.
    """
    import ray

    total = ray.cluster_resources()
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    most = [max((node.get(name, 0.0) for node in nodes), default=0.0) for name in ("CPU", "GPU")]
    grows = not is_local and _has_autoscaler()
    shared_by = int(os.environ.get(SHARED_BY, 1))
    return Cluster(int(total.get("CPU", 0)), total.get("GPU", 0.0), is_local, grows, most[0], most[1], shared_by)


def _has_autoscaler() -> bool:
    """Whether somebody brings nodes, of kinds with names; else Ray calls the kind of each `node_` and its id."""
    import ray
    from ray.autoscaler.v2.sdk import get_cluster_status
    from ray.experimental.internal_kv import _internal_kv_get  # where the older autoscaler reports what it sees

    status = get_cluster_status(ray.get_runtime_context().gcs_address)
    kinds = {node.ray_node_type_name for node in (*status.active_nodes, *status.idle_nodes)}
    report = json.loads(_internal_kv_get(b"__autoscaling_status") or b"{}")
    kinds |= set((report.get("autoscaler_report") or {}).get("active_nodes") or {})
    return any(not kind.startswith("node_") for kind in kinds)
