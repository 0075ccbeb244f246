"""Refuse, before anything starts, what could never work: Ray would wait for it for ever."""

from __future__ import annotations

import secrets

from lp_core.errors import ClusterError, LogpolarError, StorageError, check
from lp_core.fingerprint import checksum
from lp_core.settings import TrainSettings
from lp_core.settings.scan import Automatic
from lp_core.storage import Storage, one_line
from tasks.cluster import Cluster
from tasks.nodes import answers, other_nodes

MARK = ".seen-by-all"
"""A file of the run folder while nodes look for it. Its name is fixed, so the next start removes what a kill left."""


def check_workers(cluster: Cluster, train: TrainSettings) -> None:
    """Refuse a training that the cluster can never hold. Nodes that an autoscaler may bring are waited for.

    Raises:
        SettingError: the message names the setting, and what there is.
    """
    if cluster.grows:
        return
    workers = train.min_workers or train.workers
    on_gpus = cluster.gpus > 0 and train.device != "cpu"
    if train.device == "gpu":
        check(on_gpus, "train.device is gpu, but the cluster has no GPU; give --train.device cpu or auto")
    if on_gpus:
        check(
            workers <= cluster.gpus,
            f"train.workers is {workers}, but the cluster has {cluster.gpus:g} GPUs; lower it",
        )
    own_readers = train.is_elastic and not on_gpus
    claimed = train.cpus_per_worker + own_readers
    needed = workers * claimed + (not own_readers)
    check(
        needed <= cluster.cpus,
        f"train.workers {workers} with {train.cpus_per_worker} CPUs each leave none of the cluster's "
        f"{cluster.cpus} CPUs to read images with; {needed} are needed",
    )
    check(
        claimed <= cluster.node_cpus,
        f"train.cpus-per-worker is {train.cpus_per_worker}{', and one more is needed to read' * own_readers}, "
        f"but no node has more than {cluster.node_cpus:g} CPUs; lower it",
    )


def check_tasks(cluster: Cluster, gpus_per_task: float | Automatic) -> None:
    """Refuse tasks that no node can hold, unless an autoscaler may bring one.

    Raises:
        ClusterError: the message names the setting, and what there is.
    """
    check(cluster.grows or cluster.cpus >= 1, "the cluster has no CPU; add a node that has some", ClusterError)
    if gpus_per_task == "auto":
        return  # takes what there is
    check(
        cluster.grows or gpus_per_task <= cluster.node_gpus,
        f"scan.gpus-per-task is {gpus_per_task:g}, but no node has more than {cluster.node_gpus:g} GPUs; lower it",
    )


def check_storage(written: Storage, read: Storage, name: str = "") -> None:
    """Refuse folders that a node of the connected cluster does not see under the same name.

    Args:
        written: the folder that tasks write into; this process leaves a file in it for the nodes to find.
        read: a folder that tasks read.
        name: of a file in it, whose content must be the same on every node.

    Raises:
        StorageError: the message names the folder and the nodes.
    """
    files = [(read.uri, name, checksum(read.read_bytes(name)) if name else "")]
    missing: dict[str, list[str]] = {}
    nodes = other_nodes()
    is_undisturbed = not nodes
    try:
        while not is_undisturbed:
            token = secrets.token_bytes(16)
            written.write_bytes(MARK, token)
            missing = _missing([(written.uri, MARK, checksum(token)), *files])
            # Another command of this run, started at the same time, replaces or removes the mark.
            is_undisturbed = not missing or not unseen([(written.uri, MARK, checksum(token))])
    finally:
        written.remove(MARK)
    if missing:
        fault, hosts = next(iter(missing.items()))
        shown = ", ".join(hosts[:3]) + (f" and {len(hosts) - 3} more" if len(hosts) > 3 else "")
        raise StorageError(
            f"{fault}; asked on {shown} of the cluster's {len(nodes) + 1} nodes. Every node must see it under this "
            "name: give a mounted folder, s3:// or gs://"
        )


def _missing(files: list[tuple[str, str, str]]) -> dict[str, list[str]]:
    """What nodes say of files that they do not see, and which hosts say so."""
    missing: dict[str, list[str]] = {}
    for host, faults in answers(unseen, files):
        for fault in faults:
            missing.setdefault(fault, []).append(host)
    return missing


def unseen(files: list[tuple[str, str, str]]) -> list[str]:
    """A line for each folder that this machine does not see, or sees another one of.

    Args:
        files: folder, name of a file in it, and the SHA-256 of its content; the folder alone without a name.
    """
    faults = []
    for folder, name, content in files:
        try:
            there = Storage(folder)
            if not there.exists(name) or (name and checksum(there.read_bytes(name)) != content):
                faults.append(f"{folder} is not the same folder on every node")
        except FileNotFoundError:
            faults.append(f"{folder} is not the same folder on every node")
        except LogpolarError as error:
            faults.append(f"{one_line(error)}, by a node")
    return faults
