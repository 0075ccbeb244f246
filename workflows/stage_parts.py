"""Which parts of a stage there are besides the usual one, and where they lie."""

from __future__ import annotations

from typing import Any

from lp_core.setting_names import setting_roles, setting_values
from lp_core.settings import Control, Recipe
from lp_core.storage import Storage


def scan_folder(folder: Storage, split: str, control: Control) -> Storage:
    """Return the folder of a scan: the view's own for validation without a control."""
    folder = folder if split == "validation" else folder / "splits" / split
    return folder if control == "none" else folder / "controls" / control


def chosen_parts(recipe: Recipe) -> dict[str, Any]:
    """Return what the settings ask for besides the usual stages and files, by setting."""
    usual, roles = setting_values(Recipe(name=recipe.name)), setting_roles(recipe)
    values = setting_values(recipe)
    chosen = [name for name, role in roles.items() if role == "selection" and name != "views"]
    return {name: values[name] for name in chosen if values[name] != usual[name]}
