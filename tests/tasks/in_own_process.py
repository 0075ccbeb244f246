"""A function of a test in a process of its own, connected to a Ray of its own, which leaves nothing in pytest's."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

STARTS = 3
"""Attempts to start Ray: on a busy machine its processes may need more than Ray's half a minute."""

GRACE = 10.0
"""Seconds that a thread of Ray Data is given to end."""


def run_with_ray(function: Callable[..., None], *arguments: str, **resources: float) -> None:
    """Call `function(*arguments)`, of a module, while Ray runs with the given resources (`num_cpus=2`)."""
    call = (function.__module__, function.__name__, arguments, resources)
    program = f"from tests.tasks.in_own_process import call_with_ray; call_with_ray(*{call!r})"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def call_with_ray(module: str, name: str, arguments: tuple[str, ...], resources: dict[str, float]) -> None:
    """The same in this process."""
    from tasks.local_ray import prepare_local

    prepare_local()  # before Ray is loaded, which reads its token then
    import ray

    for attempt in range(1, STARTS + 1):
        try:
            ray.init(address="local", include_dashboard=False, log_to_driver=False, **resources)  # type: ignore[arg-type]
            break
        except Exception:
            ray.shutdown()
            if attempt == STARTS:
                raise
    before = set(threading.enumerate())
    getattr(import_module(module), name)(*arguments)
    for thread in set(threading.enumerate()) - before:
        thread.join(GRACE)
    gc.collect()  # a thread or an unreachable reference that asks Ray for something when it is gone ends the process
    ray.shutdown()
