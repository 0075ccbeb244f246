"""One command at a time works in a folder: the second one is refused, and told who the first one is."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from lp_core.errors import DataError, LogpolarError, StorageError
from lp_core.storage import Storage
from tasks.progress import say

LOCK = ".in-use"
"""A file of the folder while a command works in it; its name is hidden, so that no collection takes it for an image."""
PATIENCE_SECONDS = 5.0
"""For a command that is about to end, such as the runs of a sweep that was killed. Our choice."""
BEAT_SECONDS = 5.0
"""Between signs of life in an object store, which has no locks. Our choice."""
SILENT_BEATS = 3
"""Without a sign of life after which the command that left the file counts as ended. Our choice."""


@contextmanager
def locked(folder: Storage) -> Iterator[None]:
    """Keep a folder for this command for the length of a `with` block; it is made where there is none.

    On a disk the system's lock of the file counts, which ends with the process, however that ends. In an object store
    the file is renewed all the time, and a file that is not is a killed command's; two commands that start within the
    same moment do not see each other there.

    Raises:
        StorageError: another command works in the folder; the message names its process, its host and its start.
    """
    with _locked_on_disk(folder) if folder.is_local else _renewed(folder):
        yield


@contextmanager
def _locked_on_disk(folder: Storage) -> Iterator[None]:
    path = Path(folder.path(LOCK))
    is_new = not path.parent.exists()
    try:
        file = _lock(path, folder)
    except OSError:  # nobody can write there, which the first write says, or the file system has no locks
        yield
        return
    with file:
        file.truncate(0)
        file.write(json.dumps(_own()))
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            if is_new:
                with suppress(OSError):  # it holds something by now
                    path.parent.rmdir()


def _lock(path: Path, folder: Storage) -> IO[str]:
    """The open file, locked; it is still the one that its path names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        file = path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except BlockingIOError:
            if time.monotonic() > end:
                file.seek(0)
                text = file.read()
                file.close()
                raise StorageError(_refusal(folder, json.loads(text) if text else {})) from None
        except OSError:
            file.close()
            raise
        file.close()
        time.sleep(0.1)


@contextmanager
def _renewed(folder: Storage) -> Iterator[None]:
    left = _read(folder)
    if left:
        seconds = BEAT_SECONDS * SILENT_BEATS
        say(f"{folder} may be in use by {_named(left)}; waiting {seconds:g} s for a sign of life")
        time.sleep(seconds)
        now = _read(folder)
        if now and now != left:
            raise StorageError(_refusal(folder, now))
    own, ended = _own(), threading.Event()

    def renew() -> None:
        beat = 0
        while not ended.wait(BEAT_SECONDS):
            beat += 1
            with suppress(LogpolarError, OSError):  # a store that is away for a moment ends no work
                folder.write_json(LOCK, own | {"beat": beat})

    folder.write_json(LOCK, own)
    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        with suppress(LogpolarError, OSError):
            folder.remove(LOCK)


def _read(folder: Storage) -> dict[str, Any]:
    try:
        return folder.read_json(LOCK) if folder.exists(LOCK) else {}
    except (FileNotFoundError, DataError):
        return {}


def _own() -> dict[str, Any]:
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return {"host": socket.gethostname(), "process": os.getpid(), "since": since}


def _named(holder: dict[str, Any]) -> str:
    if not holder:
        return "another command"
    return f"another command (process {holder['process']} on {holder['host']}, since {holder['since']})"


def _refusal(folder: Storage, holder: dict[str, Any]) -> str:
    return f"{folder} is in use by {_named(holder)}; wait until it has ended, or end it"
