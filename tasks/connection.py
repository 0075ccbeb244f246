"""Connecting to Ray: a cluster that runs already, or one that is started on this machine."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from lp_core.errors import ClusterError
from lp_core.settings.scan import Automatic
from lp_core.storage import one_line
from tasks.cluster import Cluster, describe_cluster
from tasks.ending import end_in_order
from tasks.local_ray import prepare_local, start_local
from tasks.own_code import check_nodes, own_job_config
from tasks.preflight import check_tasks
from tasks.progress import say, waiting
from tasks.short_folder import ray_folder

JOINING_SECONDS = 30.0
"""How long a cluster without any CPU is given for its first node to join."""

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


@contextmanager
def connected(
    address: str | None = None, *, training_cpus: int = 0, gpus_per_task: float | Automatic = 0.0
) -> Iterator[Cluster]:
    """Connect to Ray for the length of a `with` block.

    Args:
        address: of a running cluster (`auto`, `HOST:PORT`); else `RAY_ADDRESS`, which `ray job submit` sets; else a
            cluster is started on this machine, with a token and without a dashboard, and stopped at the end. A line
            says which.
        training_cpus: logical CPUs that training workers will hold; a local cluster gets them on top of this machine's,
            because reading must never wait for training.
        gpus_per_task: GPUs, or the fraction of one, that each task will hold.

    Raises:
        LogpolarError: no cluster is there, no node can hold such a task, or a node has other code.
    """
    address, source = resolved_address(address)
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        sys.dont_write_bytecode = False  # without byte code every worker compiles torch anew: 9 s instead of 3
    with ExitStack() as stack:
        if address == "local":
            starting = "starting Ray on this machine"
            say(starting)
            folder = stack.enter_context(ray_folder())
            prepare_local()
            stack.callback(_shut_down)
            with waiting(starting):
                start_local(training_cpus, folder)
        else:
            say(f"connecting to Ray at {address}{source}")
            check_reachable(address, source)
            stack.callback(_shut_down)
            _connect(address, source)
        end_in_order()
        cluster = describe_cluster(is_local=address == "local")
        end = time.monotonic() + JOINING_SECONDS
        while not cluster.cpus and not cluster.grows and time.monotonic() < end:
            time.sleep(1)
            cluster = describe_cluster(is_local=False)
        check_tasks(cluster, gpus_per_task)
        if not cluster.is_local:
            check_nodes()
        yield cluster


def resolved_address(option: str | None) -> tuple[str, str]:
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


def check_reachable(address: str, source: str) -> None:
    """Refuse an address where nobody listens at once; Ray would try for minutes.

    Raises:
        ClusterError: no connection to HOST:PORT, which `auto` reads from the file that `ray start` left; what is no
            HOST:PORT is left to Ray.
    """
    from ray._private import services  # what `auto` means has no public name in Ray 2.60

    if address == "auto" and not services.find_gcs_addresses() and (left := services.find_bootstrap_address(None)):
        address, source = left, f"{source}, which an earlier `ray start` left"
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if "://" in host or not host or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise ClusterError(f"no Ray cluster at address '{address}'{source} ({one_line(error)})") from None
