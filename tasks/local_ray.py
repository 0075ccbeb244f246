"""Ray started on this machine, for one command alone."""

from __future__ import annotations

import logging
import os
import re
import resource
import secrets
import shutil

from lp_core.errors import ClusterError
from lp_core.storage import one_line
from tasks.cpus import usable_cpus
from tasks.memory import available_and_allowed
from tasks.own_code import own_job_config

LEAST_STORE, MOST_STORE = 2**30, 4 * 2**30
"""Shared memory for Ray's objects. Batches of 256 images of 224 px, encoded and decoded, take 66 MB each; where Ray
Data has room for few of them, readers wait. Our choice."""
STORE_SHARE = 8
"""An eighth of the memory that is available, between these two. Our choice."""

STARTS = 3
"""Attempts to start Ray on this machine where it ran out of time: its processes have 30 s to find each other."""


_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Where it is 0, Ray takes the loopback address for this machine's, and none of its processes listens on another."""


CONNECTING = {_LOOPBACK: "0"}
"""Environment in which another command finds this machine's node of a cluster that `start_local` started."""


def prepare_local() -> None:
    """Set what Ray reads when it is imported, and what its processes inherit."""
    os.environ.setdefault(_LOOPBACK, "0")
    # Ray's own way writes the token to the home folder, which may be read-only.
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    if os.environ["RAY_AUTH_MODE"] == "token" and "RAY_AUTH_TOKEN_PATH" not in os.environ:
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    # A machine of one's own is not preempted: one process less to start.
    os.environ.setdefault("RAY_TRAIN_ENABLE_PREEMPTION_WATCHER", "0")
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    # Ray gives a process of its own 15 s to start; on a machine that is busy it takes longer.
    os.environ.setdefault("RAY_agent_register_timeout_ms", "120000")


def start_local(training_cpus: int, folder: str | None) -> None:
    """Start a cluster on this machine; on a busy one Ray's own processes may need more than one attempt.

    Args:
        training_cpus: logical CPUs on top of those of this machine, for training workers to hold.
        folder: for Ray's files; None for its usual one.

    Raises:
        ClusterError: none of the attempts succeeded, or another one would fail in the same way.
    """
    import ray

    _check_file_size(_store_bytes())
    for attempt in range(1, STARTS + 1):
        try:
            ray.init(
                address="local",
                num_cpus=usable_cpus() + training_cpus,
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


def _check_file_size(store_bytes: int) -> None:
    """Refuse a limit of files' sizes under which Ray's processes end without a word.

    Raises:
        ClusterError: Ray's largest file, the memory that its processes share, may not be as large.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if limit != resource.RLIM_INFINITY and limit < store_bytes:
        raise ClusterError(
            f"files may have at most {limit / 1e6:,.0f} MB here (`ulimit -f`), but Ray needs one of "
            f"{store_bytes / 1e6:,.0f} MB in memory; raise the limit with `ulimit -f unlimited`"
        )


def _ran_out_of_time(error: Exception) -> bool:
    """Whether another attempt may succeed: Ray has no class of its own for what took too long."""
    # A bare "timeout" stands in tracebacks that Ray quotes, as a parameter's name.
    return isinstance(error, TimeoutError) or bool(re.search(r"timed out|deadline.exceeded", str(error), re.IGNORECASE))


def _store_bytes() -> int:
    """Shared memory for Ray's objects: by this machine's memory, less where /dev/shm has less."""
    memory = [bytes_ for bytes_ in available_and_allowed() if bytes_ is not None]
    wanted = min(MOST_STORE, max(LEAST_STORE, min(memory, default=0) // STORE_SHARE))
    try:
        free = shutil.disk_usage("/dev/shm").free
    except OSError:
        free = wanted
    return max(80 * 2**20, min(wanted, int(0.9 * free)))
