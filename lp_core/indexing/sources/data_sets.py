"""Data set folders of earlier commands that lie in a source: what is in them is no part of it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from lp_core.errors import DataError
from lp_core.storage import Storage

MARKS = {"manifest.json": {"layout", "classes", "splits"}, "index.json": {"made_from", "layout"}}
"""Files of a data set folder, finished or begun -> keys that each of them has."""


def data_sets_inside(storage: Storage, files: Iterable[str]) -> list[str]:
    """Return the data set folders below a source, sorted, by relative path; the source itself is none of them.

    Args:
        storage: the source.
        files: relative paths of its files.
    """
    marks = [name for name in files if "/" in name and posixpath.basename(name) in MARKS]
    return sorted({posixpath.dirname(name) for name in marks if _is_ours(storage, name)})


def _is_ours(storage: Storage, name: str) -> bool:
    try:
        content = storage.read_json(name)
    except (DataError, OSError):
        return False
    return isinstance(content, dict) and MARKS[posixpath.basename(name)] <= content.keys()
