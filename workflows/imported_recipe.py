"""Recipes of a user's own: `--recipe package.module:function`, from the current folder or Python's path."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from lp_core.errors import SettingError, check
from lp_core.settings import Recipe
from lp_core.storage import one_line


def imported_recipe(name: str) -> Recipe:
    """The settings that a user's function returns; `name` becomes the name of the recipe.

    Args:
        name: MODULE:FUNCTION. The function takes no arguments and returns a `Recipe`.

    Raises:
        SettingError: there is no such module or function, it fails, or it returns something else; the message is one
            line that names the user's file and line where one is to blame.
    """
    function = _function(name)
    try:
        made = function()
    except Exception as error:  # a user's code may raise anything
        raise SettingError(f"recipe {name}: {_blamed(error)}") from error
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
    module = _module(name)
    top = importlib.import_module(module.__name__.partition(".")[0])
    folder = next(iter(getattr(top, "__path__", [])), None)
    file = folder or getattr(top, "__file__", None)
    check(bool(file), f"recipe {name}: module {top.__name__} is no file that a job could be sent")
    return Path(str(file))


def _function(name: str) -> Callable[[], Any]:
    module, wanted = _module(name), name.partition(":")[2]
    function = getattr(module, wanted, None)
    if callable(function):
        return function
    near = difflib.get_close_matches(wanted, [key for key, value in vars(module).items() if callable(value)], 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise SettingError(f"recipe {name}: {module.__file__ or module.__name__} has no function {wanted}{hint}")


def _module(name: str) -> ModuleType:
    dotted, _, function = name.partition(":")
    is_name = all(part.isidentifier() for part in dotted.split(".")) and function.isidentifier()
    check(is_name, f"recipe {name}: give MODULE:FUNCTION, such as my_recipes:small")
    with _current_folder_first():
        try:
            return importlib.import_module(dotted)
        except ModuleNotFoundError as error:
            if error.name and f"{dotted}.".startswith(f"{error.name}."):
                raise SettingError(
                    f"recipe {name}: no module {error.name} in the current folder {Path.cwd()} or on PYTHONPATH"
                ) from None
            raise SettingError(f"recipe {name}: {_blamed(error)}") from error
        except Exception as error:  # a user's code may raise anything
            raise SettingError(f"recipe {name}: {_blamed(error)}") from error


@contextmanager
def _current_folder_first() -> Iterator[None]:
    """The installed command does not search the current folder, where a user's recipe usually is."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(folder)


def _blamed(error: Exception) -> str:
    """What went wrong, and the line of the user's code that it went wrong in."""
    what = one_line(error)
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}: SyntaxError: {error.msg}"
    own = Path(__file__).resolve().parents[1]
    folders = tuple(str(own / name) for name in ("lp_core", "tasks", "workflows"))
    lines = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((*folders, "<frozen", "<string>")) and frame.filename != importlib.__file__
    ]
    kind = "" if isinstance(error, SettingError) else f"{type(error).__name__}: "
    return f"{lines[-1].filename}, line {lines[-1].lineno}: {kind}{what}" if lines else f"{kind}{what}"
