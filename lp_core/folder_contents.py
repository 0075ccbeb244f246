"""Everything below a folder of this machine: files, folders, and paths that are neither."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from lp_core.errors import StorageError


@dataclass(frozen=True)
class Contents:
    """Everything below a folder, by path relative to it.

    Attributes:
        files: size in bytes of every file.
        folders: paths of the folders.
        others: all other paths: links that lead nowhere, pipes, devices.
    """

    files: dict[str, int]
    folders: list[str]
    others: list[str]


def local_contents(root: str, start: int, skip: Callable[[str], bool]) -> Contents:
    """Everything below a folder of this machine, links followed; pyarrow would omit links that lead nowhere.

    Args:
        root: the folder.
        start: characters of a path before the part that is returned.
        skip: whether a file or folder is ignored, by its own name.

    Raises:
        StorageError: a name is not UTF-8, or a link leads to a folder above it.
    """
    contents = Contents({}, [], [])
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except FileNotFoundError:
            continue
        for entry in entries:
            if skip(entry.name):
                continue
            if not entry.name.isascii() and entry.name != os.fsencode(entry.name).decode(errors="replace"):
                raise StorageError(f"{folder}: the file name {os.fsencode(entry.name)!r} is not UTF-8; rename it")
            path = entry.path[start:]
            if entry.is_dir():
                if entry.is_symlink() and f"{os.path.realpath(folder)}/".startswith(f"{os.path.realpath(entry)}/"):
                    raise StorageError(f"{entry.path} is a link to a folder above it; remove it")
                contents.folders.append(path)
                waiting.append(entry.path)
            elif entry.is_file():
                with suppress(FileNotFoundError):  # other processes may remove their files meanwhile
                    contents.files[path] = entry.stat().st_size
            else:
                contents.others.append(path)
    return contents
