"""Connecting to Ray: a cluster of this machine's own, or one that runs already."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from lp_core.errors import ClusterError
from lp_core.settings import Recipe
from lp_core.storage import one_line
from tasks.cpus import usable_cpus
from tasks.own_code import check_nodes, own_job_config
from tasks.preflight import check_tasks
from tasks.progress import say
from tasks.short_folder import ray_folder

_OBJECT_STORE_BYTES = 2**30

WAITING_TASKS = 128
"""Pieces of work in flight on a cluster, however small it is now: an autoscaler brings nodes for those that wait."""

JOINING_SECONDS = 30.0
"""How long a cluster without any CPU is given for its first node to join."""

STARTS = 3
"""Attempts to start Ray on this machine where it ran out of time: its processes have 30 s to find each other."""

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # A worker environment made by `uv run` would be installed again in every worker process.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    # Paths in settings are the driver's.
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    # Train looks every 2 s whether its workers are done: a third of a short training's time.
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2",
    "RAY_TRAIN_METRICS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # Threads that wait for each other by spinning take the cores from those they wait for: 16 instead of 135 images/s
    # where reading and training share two cores.
    "OMP_WAIT_POLICY": "PASSIVE",
}


_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Where it is 0, Ray takes the loopback address for this machine's, and none of its processes listens on another."""


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
    """

    cpus: int
    gpus: float
    is_local: bool
    grows: bool
    node_cpus: float
    node_gpus: float

    def tasks_at_once(self) -> int:
        """Pieces of work to keep in flight, by what the cluster has now."""
        if self.is_local:
            return usable_cpus()
        import ray

        return max(WAITING_TASKS, 2 * int(ray.cluster_resources().get("CPU", 0)))


@contextmanager
def connected(recipe: Recipe, address: str | None = None) -> Iterator[Cluster]:
    """Connect to Ray for the length of a `with` block.

    Args:
        recipe: its workers decide how many logical CPUs a local cluster gets.
        address: of a running cluster (`auto`, `HOST:PORT`); else `RAY_ADDRESS`, which `ray job submit` sets; else a
            cluster is started on this machine, with a token and without a dashboard, and stopped at the end. A line
            says which.

    Raises:
        ClusterError: no cluster is there, no node can hold a task of the recipe, or a node has other code.
    """
    address, source = _address(address)
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        sys.dont_write_bytecode = False  # without byte code every worker compiles torch anew: 9 s instead of 3
    with ExitStack() as stack:
        if address == "local":
            say("starting Ray on this machine")
            folder = stack.enter_context(ray_folder())
            _prepare_local()
            stack.callback(_shut_down)
            _start_local(recipe, folder)
        else:
            say(f"connecting to Ray at {address}{source}")
            _knock(address, source)
            stack.callback(_shut_down)
            _connect(address, source)
        cluster = _look(is_local=address == "local")
        end = time.monotonic() + JOINING_SECONDS
        while not cluster.cpus and not cluster.grows and time.monotonic() < end:
            time.sleep(1)
            cluster = _look(is_local=False)
        check_tasks(cluster, recipe)
        if not cluster.is_local:
            check_nodes()
        yield cluster


def _address(option: str | None) -> tuple[str, str]:
    """Return where to connect to, or `local`, and who says so, for messages.

    Raises:
        ClusterError: the address is of another kind.
    """
    variable = os.environ.get("RAY_ADDRESS")
    address, source = (option, " (from --address)") if option else (variable or "local", " (from RAY_ADDRESS)")
    if address == "auto" and variable and variable != "local":  # Ray reads it so
        address, source = variable, " (from RAY_ADDRESS)"
    remedy = "--address HOST:PORT" if option else "RAY_ADDRESS=HOST:PORT, or unset it to start Ray on this machine"
    if address.startswith(("http://", "https://")):
        raise ClusterError(
            f"no Ray cluster at address '{address}'{source}: that is a dashboard's, which takes only jobs; run "
            f"`logpolar submit VERB --address {address}`, or connect to the cluster itself (its port is 6379 unless "
            f"`ray start` was told another) with {remedy}"
        )
    return address, source


def _shut_down() -> None:
    import ray

    ray.shutdown()


def _connect(address: str, source: str) -> None:
    import ray

    # Ray's client sends its settings to another process, which knows no class of ours.
    config = None if "://" in address else own_job_config()
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, job_config=config)  # type: ignore[arg-type]
    except Exception as error:  # Ray raises bare ones, too
        raise ClusterError(f"no Ray cluster at address '{address}'{source} ({one_line(error)})") from None


def _look(is_local: bool) -> Cluster:
    """What there is now, of nodes that are alive."""
    import ray

    total = ray.cluster_resources()
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    most = [max((node.get(name, 0.0) for node in nodes), default=0.0) for name in ("CPU", "GPU")]
    grows = not is_local and _has_autoscaler()
    return Cluster(int(total.get("CPU", 0)), total.get("GPU", 0.0), is_local, grows, *most)


def _has_autoscaler() -> bool:
    """Whether somebody brings nodes, of kinds with names; else Ray calls the kind of each `node_` and its id."""
    import ray
    from ray.autoscaler.v2.sdk import get_cluster_status
    from ray.experimental.internal_kv import _internal_kv_get  # where the older autoscaler tells what it sees

    status = get_cluster_status(ray.get_runtime_context().gcs_address)
    kinds = {node.ray_node_type_name for node in (*status.active_nodes, *status.idle_nodes)}
    told = json.loads(_internal_kv_get(b"__autoscaling_status") or b"{}")
    kinds |= set((told.get("autoscaler_report") or {}).get("active_nodes") or {})
    return any(not kind.startswith("node_") for kind in kinds)


def _knock(address: str, source: str) -> None:
    """Refuse an address where nobody listens at once; Ray would try for minutes.

    Raises:
        ClusterError: no connection to HOST:PORT. `auto` and URIs are left to Ray.
    """
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise ClusterError(f"no Ray cluster at address '{address}'{source} ({one_line(error)})") from None


def _prepare_local() -> None:
    """Set what Ray reads when it is imported, and what its processes inherit."""
    os.environ.setdefault(_LOOPBACK, "0")
    # Ray's own way writes the token to the home folder, which may be read-only, and asks nobody.
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    if os.environ["RAY_AUTH_MODE"] == "token" and "RAY_AUTH_TOKEN_PATH" not in os.environ:
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    # A machine of one's own is not preempted: one process less to start.
    os.environ.setdefault("RAY_TRAIN_ENABLE_PREEMPTION_WATCHER", "0")
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    # Ray gives a process of its own 15 s to start; on a machine that is busy it takes longer.
    os.environ.setdefault("RAY_agent_register_timeout_ms", "120000")


def _start_local(recipe: Recipe, folder: str | None) -> None:
    """Start a cluster on this machine; on a busy one Ray's own processes may need more than one attempt.

    Args:
        recipe: its training workers come on top of the CPUs: reading must never wait for training.
        folder: for Ray's files; None for its usual one.

    Raises:
        ClusterError: none of the attempts succeeded, or another one would fail in the same way.
    """
    import ray

    train = recipe.train
    for attempt in range(1, STARTS + 1):
        try:
            ray.init(
                address="local",
                num_cpus=usable_cpus() + len(recipe.views) * train.workers * train.cpus_per_worker,
                include_dashboard=False,
                object_store_memory=_store_bytes(),
                log_to_driver=False,
                logging_level=logging.ERROR,
                job_config=own_job_config(),
                _temp_dir=folder,
            )
            break
        except Exception as error:
            ray.shutdown()
            if not _ran_out_of_time(error):
                raise ClusterError(f"Ray could not be started on this machine ({one_line(error)})") from None
            if attempt == STARTS:
                why = f"{STARTS} times, the last time because: {one_line(error)}"
                raise ClusterError(f"Ray could not be started on this machine ({why}); is it very busy?") from None
    os.environ.pop(_LOOPBACK, None)  # its own processes have it by now; a `ray start` from here must not


def _ran_out_of_time(error: Exception) -> bool:
    """Whether another attempt may succeed: Ray has no class of its own for what took too long."""
    # A bare "timeout" stands in tracebacks that Ray quotes, as a parameter's name.
    return isinstance(error, TimeoutError) or bool(re.search(r"timed out|deadline.exceeded", str(error), re.IGNORECASE))


def _store_bytes() -> int:
    """Shared memory for Ray's objects: a gigabyte, less where /dev/shm has less."""
    try:
        free = shutil.disk_usage("/dev/shm").free
    except OSError:
        free = _OBJECT_STORE_BYTES
    return max(80 * 2**20, min(_OBJECT_STORE_BYTES, int(0.9 * free)))
