"""`config.json` of a run: the settings of the last command, with versions and commit; later commands start from it."""

from __future__ import annotations

import platform
import subprocess
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lp_core.errors import DataError, check
from lp_core.settings import Recipe, recipe_from_dict, to_dict
from lp_core.storage import Storage

FILE = "config.json"
FORMAT = 1
"""Number that changes when an older version could misread the file; files without one are of this format."""


def stored_recipe(run: Storage) -> Recipe | None:
    """The settings of the last command that worked on a run; None if the folder holds no run.

    Raises:
        DataError: config.json is not one of ours, or a later version wrote it.
    """
    if not run.exists(FILE):
        return None
    content = run.read_json(FILE)
    try:
        found = content.get("format", FORMAT)
        check(
            isinstance(found, int) and found <= FORMAT,
            f"{run.path(FILE)}: format {found!r}; this version reads format {FORMAT}: update logpolar",
            DataError,
        )
        return recipe_from_dict(content["recipe"])
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{run.path(FILE)}: not settings of a run ({error})") from None


def write_config(run: Storage, recipe: Recipe) -> None:
    """Keep a command's settings, versions and commit in the run folder; unchanged settings change no byte.

    The views of a run add up: a command on one view leaves the other one a part of the run.
    """
    stored = stored_recipe(run)
    if stored is not None:
        recipe = replace(recipe, views=tuple(dict.fromkeys([*stored.views, *recipe.views])))
    if stored != recipe:
        content = {"format": FORMAT, "recipe": to_dict(recipe), "versions": versions(), "commit": commit()}
        run.write_json(FILE, content)


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
