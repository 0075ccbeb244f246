"""A user's own function, named MODULE:FUNCTION, from the current folder or Python's path."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from lp_core.errors import SettingError, check
from lp_core.storage import one_line


def imported_function(name: str, kind: str, folder: str | None = None) -> Callable[..., Any]:
    """Import a user's function.

    Args:
        name: MODULE:FUNCTION.
        kind: what it is for, the first word of messages: `recipe`.
        folder: searched after the current folder and before Python's path; for processes that started elsewhere.

    Raises:
        SettingError: there is no such module or function; the message is one line that names the user's file and line
            where one is to blame.
    """
    module, wanted = imported_module(name, kind, folder), name.partition(":")[2]
    function = getattr(module, wanted, None)
    if callable(function):
        return function
    near = difflib.get_close_matches(wanted, [key for key, value in vars(module).items() if callable(value)], 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise SettingError(f"{kind} {name}: {module.__file__ or module.__name__} has no function {wanted}{hint}")


def imported_module(name: str, kind: str, folder: str | None = None) -> ModuleType:
    """Import the module of `imported_function`."""
    dotted, _, function = name.partition(":")
    is_name = all(part.isidentifier() for part in dotted.split(".")) and function.isidentifier()
    check(is_name, f"{kind} {name}: give MODULE:FUNCTION, such as my_{kind}s:small")
    with _current_folder_first(folder):
        try:
            return importlib.import_module(dotted)
        except ModuleNotFoundError as error:
            if error.name and f"{dotted}.".startswith(f"{error.name}."):
                where = f"the current folder {Path.cwd()}" + (f", {folder}" if folder else "")
                hint = f"; give {dotted.removesuffix('.py')}:{function}" if dotted.endswith(".py") else ""
                raise SettingError(f"{kind} {name}: no module {error.name} in {where} or on PYTHONPATH{hint}") from None
            raise SettingError(f"{kind} {name}: {blamed(error)}") from error
        except Exception as error:  # a user's code may raise anything
            raise SettingError(f"{kind} {name}: {blamed(error)}") from error


def module_source(name: str, kind: str) -> Path:
    """Return the file or the package's folder that a job elsewhere needs in order to import a user's function.

    Raises:
        SettingError: the module cannot be imported, or has no file.
    """
    module = imported_module(name, kind)
    top = importlib.import_module(module.__name__.partition(".")[0])
    folder = next(iter(getattr(top, "__path__", [])), None)
    file = folder or getattr(top, "__file__", None)
    check(bool(file), f"{kind} {name}: module {top.__name__} is no file that a job could be sent")
    return Path(str(file))


@contextmanager
def _current_folder_first(other: str | None) -> Iterator[None]:
    """The installed command does not search the current folder, where a user's module usually is."""
    folders = [str(Path.cwd()), *([other] if other else [])]
    sys.path[:0] = folders
    importlib.invalidate_caches()
    try:
        yield
    finally:
        for folder in folders:
            sys.path.remove(folder)


def blamed(error: BaseException) -> str:
    """Return what went wrong, and the line of the user's code that it went wrong in."""
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
