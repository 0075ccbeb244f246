"""That every process runs this program's code, whatever else is called `tasks`, `workflows` or `lp_core`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lp_core.errors import ClusterError
from tasks.nodes import answers

if TYPE_CHECKING:
    from ray.job_config import JobConfig

ROOT = Path(__file__).resolve().parents[1]
"""The folder that holds the three packages: a checkout, or `site-packages`."""

PACKAGES = ("lp_core", "tasks", "workflows")


def own_job_config() -> JobConfig:
    """Return the settings of a Ray job whose workers look for modules in `ROOT` first.

    Ray itself puts the command's current folder before everything else that a worker imports from: a `tasks.py` there
    would replace ours, and a `random.py` Python's. `worker_process_setup_hook` would do as well, but workers that
    Ray starts in advance lack it, and each of them would be started twice.
    """
    from ray.job_config import JobConfig

    class OwnJobConfig(JobConfig):
        def _get_proto_job_config(self):
            self._py_driver_sys_path = [str(ROOT)]  # Ray 2.60 has added the current folder by now
            return super()._get_proto_job_config()

    return OwnJobConfig()


def check_nodes() -> None:
    """Refuse other nodes of the connected cluster on which a task would import somebody else's code.

    Raises:
        ClusterError: the message names the file and the node.
    """
    own = {name: _checksum(ROOT / name / "__init__.py") for name in PACKAGES}
    for host, imported in answers(_locator(), PACKAGES):
        for name, (file, checksum) in imported.items():
            if file is None:
                raise ClusterError(
                    f"node {host} has no package {name}; install this program there, or send it with `logpolar submit`"
                )
            if checksum != own[name]:
                raise ClusterError(
                    f"node {host} would import {name} from {file}, which is not the code that runs here; take its "
                    "folder off that node's PYTHONPATH, or install the same version there"
                )


def _checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _locator() -> Callable[[tuple[str, ...]], dict[str, tuple[str | None, str | None]]]:
    """A function that Ray sends whole, because it is nested: a node that lacks our code can run it."""

    def locate(names: tuple[str, ...]) -> dict[str, tuple[str | None, str | None]]:
        import hashlib
        import importlib.util

        imported: dict[str, tuple[str | None, str | None]] = {}
        for name in names:
            spec = importlib.util.find_spec(name)  # runs nothing of a package
            if spec is None or not (spec.origin or spec.submodule_search_locations):
                imported[name] = None, None
            elif not spec.origin:  # a folder without __init__.py
                imported[name] = next(iter(spec.submodule_search_locations or ())), None
            else:
                with open(spec.origin, "rb") as file:
                    imported[name] = spec.origin, hashlib.sha256(file.read()).hexdigest()
        return imported

    return locate
