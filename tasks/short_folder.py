"""Where Ray keeps its sockets on this machine: their paths may be short only."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lp_core.errors import StorageError
from tasks.progress import say

SOCKET_BYTES = 103 if sys.platform == "darwin" else 107
"""The longest path of a Unix socket. Source: `sun_path` in unix(7), without the zero at its end."""

SESSION_BYTES = len("/ray/session_2026-01-31_23-59-59_999999_4194304/sockets/plasma_store")
"""What Ray 2.60 adds to the folder; the last number is a process id, of up to seven digits."""

LONGEST = SOCKET_BYTES - SESSION_BYTES
"""Bytes that the folder's own path may have."""

SHORT = ("/tmp", "/var/tmp", "/dev/shm")
"""Tried where TMPDIR cannot be used; with what is kept over restarts before memory."""


@contextmanager
def ray_folder(candidates: Sequence[str] = SHORT) -> Iterator[str | None]:
    """Give Ray a folder for the length of a `with` block: None where it can use the one it would choose itself.

    Otherwise a line says why not, and the folder that is used instead is removed at the end.

    Raises:
        StorageError: no short folder can be written.
    """
    name = next((name for name in ("RAY_TMPDIR", "TMPDIR") if os.environ.get(name)), None)
    fault = _fault(os.environ[name]) if name else _fault("/tmp")
    if fault is None:
        yield None
        return
    named = f"{name} is {_shown(os.environ[name])}, which {fault}" if name else f"/tmp {fault}"
    for candidate in candidates:
        try:
            folder = tempfile.mkdtemp(prefix="lp-", dir=candidate)
        except OSError:
            continue
        break
    else:
        raise StorageError(
            f"{named}, and none of {', '.join(candidates)} can be written; set TMPDIR to a folder of at most "
            f"{LONGEST} bytes"
        )
    say(f"{named}; Ray's sockets are in {folder} instead")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fault(folder: str) -> str | None:
    """Why Ray could not keep its sockets in a folder."""
    size = len(os.fsencode(os.path.abspath(folder)))
    if size > LONGEST:
        return f"is {size} bytes long where Ray's sockets allow {LONGEST}"
    try:
        folder.encode()
    except UnicodeEncodeError:
        return "is not UTF-8"
    sockets = Path(folder, "ray")  # may be there, and another user's
    try:
        sockets.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"cannot be written ({error.strerror})"
    return None if os.access(sockets, os.W_OK | os.X_OK) else "cannot be written"


def _shown(folder: str) -> str:
    folder = os.fsencode(folder).decode(errors="backslashreplace")
    return folder if len(folder) <= 80 else f"{folder[:40]}...{folder[-37:]}"
