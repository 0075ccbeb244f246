"""A function of a test in a process of its own, connected to a Ray of its own, which leaves nothing in pytest's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def run_with_ray(function: Callable[..., None], *arguments: str, **resources: float) -> None:
    """Call `function(*arguments)`, of a module, while Ray runs with the given resources (`num_cpus=2`)."""
    settings: dict[str, Any] = {"address": "local", "include_dashboard": False, "log_to_driver": False, **resources}
    program = (
        "import ray; "
        f"from {function.__module__} import {function.__name__}; "
        f"ray.init(**{settings!r}); {function.__name__}(*{arguments!r}); ray.shutdown()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
