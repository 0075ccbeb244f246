"""A folder belongs to one command at a time, on a disk and in an object store, until that command ends or is killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import tasks.folder_lock
from lp_core.errors import StorageError
from lp_core.storage import Storage
from tasks.folder_lock import LOCK, locked
from tests.workflows.commands import REPOSITORY

HOLD = """
import sys
from lp_core.storage import Storage
from tasks.folder_lock import locked
with locked(Storage(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holding(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a folder."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdin
    assert process.stdout.readline() == "held\n"
    yield process
    process.stdin.close()
    process.wait()
    process.stdout.close()


class OtherStore(Storage):
    """A folder of this machine that is taken for one of an object store."""

    @property
    def is_local(self) -> bool:
        return False


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(tasks.folder_lock, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(tasks.folder_lock, "BEAT_SECONDS", 0.2)


def test_the_second_command_is_refused_and_told_of_the_first(tmp_path):
    with holding(tmp_path) as first, pytest.raises(StorageError) as error, locked(Storage(str(tmp_path))):
        pass
    host = re.escape(os.uname().nodename)
    assert re.fullmatch(
        rf"{tmp_path} is in use by another command \(process {first.pid} on {host}, since [\d-]+ [\d:]+ UTC\); "
        "wait until it has ended, or end it",
        str(error.value),
    )
    assert not list(tmp_path.iterdir())


def test_a_killed_command_holds_nothing(tmp_path):
    with holding(tmp_path) as first:
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert (tmp_path / LOCK).exists()
        with locked(Storage(str(tmp_path))):
            assert str(os.getpid()) in (tmp_path / LOCK).read_text()
    assert not list(tmp_path.iterdir())


def test_the_second_command_waits_for_one_that_is_about_to_end(tmp_path, monkeypatch):
    monkeypatch.setattr(tasks.folder_lock, "PATIENCE_SECONDS", 60.0)
    with holding(tmp_path) as first:
        assert first.stdin
        threading.Timer(0.5, first.stdin.close).start()
        with locked(Storage(str(tmp_path))):
            first.wait()


def test_a_new_folder_that_stays_empty_is_not_left_behind(tmp_path):
    folder = tmp_path / "new"
    with locked(Storage(str(folder))):
        assert folder.exists()
    assert not folder.exists()
    with locked(Storage(str(folder))):
        (folder / "written").touch()
    assert [path.name for path in folder.iterdir()] == ["written"]


def test_of_an_object_store_the_signs_of_life_count(tmp_path, capsys):
    folder = OtherStore(str(tmp_path))
    own = rf"in use by another command \(process {os.getpid()} on"
    with locked(folder), pytest.raises(StorageError, match=own), locked(folder):
        pass
    assert not folder.exists(LOCK)
    folder.write_json(LOCK, {"host": "gone", "process": 7, "since": "2026-01-01 00:00:00 UTC"})
    capsys.readouterr()
    with locked(folder):
        assert folder.read_json(LOCK)["host"] != "gone"
    assert "may be in use by another command (process 7 on gone" in capsys.readouterr().out
