"""Recipes of a user's own: `--recipe package.module:function`, from the current folder or Python's path."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lp_core.errors import SettingError
from lp_core.settings import Recipe
from tasks.imported_function import blamed, imported_function, module_source

KIND = "recipe"


def imported_recipe(name: str) -> Recipe:
    """The settings that a user's function returns; `name` becomes the name of the recipe.

    Args:
        name: MODULE:FUNCTION. The function takes no arguments and returns a `Recipe`.

    Raises:
        SettingError: there is no such module or function, it fails, or it returns something else; the message is one
            line that names the user's file and line where one is to blame.
    """
    function = imported_function(name, KIND)
    try:
        made = function()
    except Exception as error:  # a user's code may raise anything
        raise SettingError(f"recipe {name}: {blamed(error)}") from error
    if not isinstance(made, Recipe):
        raise SettingError(
            f"recipe {name}: the function returns a {type(made).__name__}, not a lp_core.settings.Recipe"
        )
    return replace(made, name=name)


def recipe_source(name: str) -> Path:
    """The file or the package's folder that a job elsewhere needs in order to import a user's recipe.

    Raises:
        SettingError: the module cannot be imported, or has no file.
    """
    return module_source(name, KIND)
