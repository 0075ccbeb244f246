"""What is refused before anything starts, because it could never work: Ray would wait for it for ever."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from lp_core.errors import SettingError, check
from lp_core.fingerprint import checksum
from lp_core.settings import Recipe
from lp_core.storage import Storage, first_line

if TYPE_CHECKING:
    from tasks.cluster import Cluster

MARK = ".seen-by-all"
"""A file of the run folder while nodes look for it. Its name is fixed, so the next start removes what a kill left."""

LOOK_SECONDS = 120.0
"""For all nodes together to say whether they see a folder; a node that has to start a worker takes seconds."""


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
        name: of a file in it, whose content must be the same on every node.

    Raises:
        SettingError: the message names the folder and the nodes.
    """
    import ray

    own = ray.get_runtime_context().get_node_id()
    nodes = [node for node in ray.nodes() if node["Alive"] and node["NodeID"] != own]
    files = [(read.uri, name, checksum(read.read_bytes(name)) if name else "")]
    missing: dict[str, list[str]] = {}
    is_undisturbed = not nodes
    try:
        while not is_undisturbed:
            token = secrets.token_bytes(16)
            written.write_bytes(MARK, token)
            missing = _missing(nodes, [(written.uri, MARK, checksum(token)), *files])
            # Another command of this run, started at the same time, replaces or removes the mark.
            is_undisturbed = not missing or not unseen([(written.uri, MARK, checksum(token))])
    finally:
        written.remove(MARK)
    if missing:
        fault, hosts = next(iter(missing.items()))
        shown = ", ".join(hosts[:3]) + (f" and {len(hosts) - 3} more" if len(hosts) > 3 else "")
        raise SettingError(
            f"{fault}; asked on {shown} of the cluster's {len(nodes) + 1} nodes. Every node must see it under this "
            "name: give a mounted folder, s3:// or gs://"
        )


def _missing(nodes: list[dict[str, Any]], files: list[tuple[str, str, str]]) -> dict[str, list[str]]:
    """What nodes say of files that they do not see, and which hosts say so."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    look = ray.remote(num_cpus=0, max_retries=0)(unseen)
    asked = {}
    for node in nodes:
        there = look.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False))
        asked[there.remote(files)] = node
    answered, _ = ray.wait(list(asked), num_returns=len(asked), timeout=LOOK_SECONDS)
    missing: dict[str, list[str]] = {}
    for answer in answered:
        try:
            for fault in ray.get(answer):
                missing.setdefault(fault, []).append(asked[answer]["NodeManagerHostname"])
        except ray.exceptions.RayError:
            continue  # the node is gone, which is no fault of the folder's
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
        except SettingError as error:
            faults.append(f"{first_line(error)}, by a node")
    return faults
