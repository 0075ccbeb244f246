"""The one Ray cluster that all runs of a sweep use, and how many it has room for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lp_core.run.sweep_plan import Cell
from tasks.cluster import SHARED_BY, Cluster, describe_cluster
from tasks.connection import connected, resolved_address
from tasks.local_ray import CONNECTING
from tasks.room import check_room, cluster_room, local_room, logical_cpus
from workflows.cell_process import CellProcess
from workflows.sweep_command import SweepCommand


@dataclass(frozen=True)
class SweepCluster:
    """Where the runs of a sweep are started.

    Args:
        command: the sweep.
        cluster: as it was when it was connected.
        address: of the cluster, for other processes.
        pipe: reading end of a pipe that is closed when this process ends.
    """

    command: SweepCommand
    cluster: Cluster
    address: str
    pipe: int

    def room(self) -> int:
        """Return how many runs the cluster has room for now, at least 1; or the number that was asked for."""
        if self.command.at_once:
            return self.command.at_once
        train, views = self.command.plan.base.train, len(self.command.plan.base.views)
        if self.cluster.is_local:
            return min(local_room(train, views), cluster_room(train, views, self.cluster))
        return cluster_room(train, views, describe_cluster(is_local=False))

    def start(self, cell: Cell, room: int) -> CellProcess:
        """Start a run beside the others that there is room for."""
        environment = {SHARED_BY: str(room)} | (CONNECTING if self.cluster.is_local else {})
        return CellProcess(cell, self.command.folder, self.address, environment, self.pipe, until=self.command.until)


@contextmanager
def sweep_cluster(command: SweepCommand) -> Iterator[SweepCluster]:
    """Connect to the cluster of a sweep, or start one on this machine, for the length of a `with` block.

    Raises:
        ClusterError: there is no such cluster, or it could never run so many at once.
    """
    recipe = command.plan.base
    train, views = recipe.train, len(recipe.views)
    cpus = (command.at_once or local_room(train, views)) * logical_cpus(train, views)
    connection = connected(command.address, training_cpus=cpus, gpus_per_task=recipe.scan.gpus_per_task)
    reader, writer = os.pipe()
    try:
        with connection as cluster:
            if command.at_once:
                check_room(train, views, cluster, command.at_once)
            address = _own_address() if cluster.is_local else resolved_address(command.address)[0]
            yield SweepCluster(command, cluster, address, reader)
    finally:
        os.close(writer)
        os.close(reader)


def _own_address() -> str:
    import ray

    return ray.get_runtime_context().gcs_address
