"""What is refused before anything starts, because it could never work: Ray would wait for it for ever."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from lp_core.errors import SettingError, check
from lp_core.settings import Recipe
from lp_core.storage import Storage, one_line
from tasks.nodes import answers, other_nodes

if TYPE_CHECKING:
    from tasks.cluster import Cluster


def check_workers(cluster: Cluster, recipe: Recipe) -> None:
    """Refuse a training that the cluster can never hold. Where an autoscaler may bring nodes, they are waited for.

    Raises:
        SettingError: the message names the setting, and what there is.
    """
    if cluster.grows:
        return
    train = recipe.train
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


def check_tasks(cluster: Cluster, recipe: Recipe) -> None:
    """Refuse tasks that no node can hold, unless an autoscaler may bring one.

    Raises:
        SettingError: the message names the setting, and what there is.
    """
    check(cluster.grows or cluster.cpus >= 1, "the cluster has no CPU; add a node that has some")
    check(
        cluster.grows or recipe.scan.gpus_per_task <= cluster.node_gpus,
        f"scan.gpus-per-task is {recipe.scan.gpus_per_task:g}, but no node has more than {cluster.node_gpus:g} GPUs; "
        "lower it",
    )


def check_storage(written: Storage, read: Storage, name: str = "") -> None:
    """Refuse folders that a node of the connected cluster does not see under the same name.

    Args:
        written: the folder that tasks write into; this process leaves a file in it for the nodes to find.
        read: a folder that tasks read.
        name: of a file in it.

    Raises:
        SettingError: the message names the folder and the nodes.
    """
    nodes = other_nodes()
    if not nodes:
        return
    mark = f".seen-by-all-{secrets.token_hex(8)}"
    written.write_bytes(mark, b"")
    missing: dict[str, list[str]] = {}
    try:
        for host, faults in answers(unseen, [(written.uri, mark), (read.uri, name)]):
            for fault in faults:
                missing.setdefault(fault, []).append(host)
    finally:
        written.remove(mark)
    if missing:
        fault, hosts = next(iter(missing.items()))
        shown = ", ".join(hosts[:3]) + (f" and {len(hosts) - 3} more" if len(hosts) > 3 else "")
        raise SettingError(
            f"{fault}; asked on {shown} of the cluster's {len(nodes) + 1} nodes. Every node must see it under this "
            "name: give a mounted folder, s3:// or gs://"
        )


def unseen(files: list[tuple[str, str]]) -> list[str]:
    """A line for each (folder, file in it) that this machine does not see."""
    faults = []
    for folder, name in files:
        try:
            if not Storage(folder).exists(name):
                faults.append(f"{folder} is not the same folder on every node")
        except SettingError as error:
            faults.append(f"{one_line(error)}, by a node")
    return faults
