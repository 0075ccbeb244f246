"""What all stages of one command share: the run folder, the settings, and Ray, once a stage needs it."""

from __future__ import annotations

import platform
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lp_core.dataset.folder import DatasetFolder
from lp_core.errors import SettingError
from lp_core.settings import Recipe, recipe_from_dict, to_dict
from lp_core.storage import Storage
from tasks.cluster import Cluster, connected
from tasks.preflight import check_storage
from tasks.progress import say


@dataclass
class Session:
    """One command's work on one run; use as a context manager.

    Args:
        recipe: settings.
        run: the run folder.
        address: of a running cluster, or None for one of this machine's own.
    """

    recipe: Recipe
    run: Storage
    address: str | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(None, None, None)

    @cached_property
    def cluster(self) -> Cluster:
        """Ray, connected when a stage first asks for it: a finished run needs none."""
        cluster = self._stack.enter_context(connected(self.recipe, self.address))
        if cluster.grows and cluster.cpus == 0:
            say("the cluster has no CPUs yet; its autoscaler is waited for")
        if not cluster.is_local:
            check_storage(self.run, self.dataset.storage, "manifest.json")
        return cluster

    @cached_property
    def dataset(self) -> DatasetFolder:
        """The data set that the recipe names."""
        return DatasetFolder.open(self.recipe.data.path)

    def write_config(self) -> None:
        """Keep the resolved settings, versions and commit in the run folder; unchanged settings change no byte."""
        settings = to_dict(self.recipe)
        if (
            self.run.exists("config.json")
            and recipe_from_dict(self.run.read_json("config.json")["recipe"]) == self.recipe
        ):
            return
        self.run.write_json("config.json", {"recipe": settings, "versions": versions(), "commit": commit()})


def stored_recipe(run: Storage) -> Recipe | None:
    """The settings that a run was started with; None if the folder holds no run.

    Raises:
        SettingError: config.json is not one of ours.
    """
    if not run.exists("config.json"):
        return None
    try:
        return recipe_from_dict(run.read_json("config.json")["recipe"])
    except (KeyError, TypeError, AttributeError) as error:
        raise SettingError(f"{run.path('config.json')}: not settings of a run ({error})") from None


def versions() -> dict[str, Any]:
    """Versions of Python and of the packages that results depend on."""
    packages = ("logpolar", "torch", "torchvision", "ray", "opencv-python-headless", "numpy", "pyarrow")
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def commit() -> str | None:
    """The commit of the source that runs; None where it is not a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
