"""Notes beside an unfinished data set: which archive or shard a task has finished, and what it saw there."""

from __future__ import annotations

import posixpath
from typing import Any

from lp_core.errors import LogpolarError
from lp_core.storage import Storage

NOTES = "unfinished"
"""Folder of the notes; removed when the data set is finished."""


def note_of(shard: str) -> str:
    """Name of the note about a shard."""
    return f"{NOTES}/{posixpath.splitext(posixpath.basename(shard))[0]}.json"


def read_note(out: Storage, name: str) -> dict[str, Any] | None:
    """What a task noted; None if the note is missing or not whole."""
    try:
        return out.read_json(name)
    except (OSError, LogpolarError):
        return None


def forget_notes(out: Storage) -> None:
    """Remove the notes of a data set that is finished, and what killed tasks left half-written."""
    half = [name for folder in ("data", "rows") for name in out.files(folder) if name.endswith(".part")]
    for name in [*out.files(NOTES), *half]:
        out.remove(name)
    if out.exists(NOTES):
        out.filesystem.delete_dir(out.path(NOTES))
