"""Where Ray keeps its sockets, and what is said when Ray cannot start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lp_core.errors import ClusterError, StorageError
from tasks import cluster
from tasks.short_folder import LONGEST, SOCKET_BYTES, ray_folder
from tests.workflows.commands import REPOSITORY


@pytest.fixture(autouse=True)
def no_folder_of_rays(monkeypatch):
    monkeypatch.delenv("RAY_TMPDIR", raising=False)


@pytest.fixture
def short(tmp_path_factory):
    """A folder with a short path, as pytest's own may be long."""
    import tempfile

    with tempfile.TemporaryDirectory(dir="/tmp", prefix="lp") as folder:
        yield Path(folder)


def padded(folder: Path, size: int) -> Path:
    """A folder below another whose path has so many bytes."""
    return folder / ("x" * (size - len(os.fsencode(folder)) - 1))


def test_the_longest_folder_fits_a_socket():
    longest_pid = 4194304  # of Linux with 64 bits: PID_MAX_LIMIT
    socket = f"{'x' * LONGEST}/ray/session_2026-01-31_23-59-59_123456_{longest_pid}/sockets/plasma_store"
    assert len(socket) == SOCKET_BYTES


def test_a_folder_that_fits_is_rays_own_choice(short, monkeypatch, capsys):
    monkeypatch.setenv("TMPDIR", str(padded(short, LONGEST)))
    with ray_folder() as folder:
        assert folder is None
    assert capsys.readouterr().out == ""


def blocked(short):
    (short / "file").write_text("")
    return short / "file"


@pytest.mark.parametrize("variable", ["TMPDIR", "RAY_TMPDIR"])
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda short: padded(short, LONGEST + 1), f"is {LONGEST + 1} bytes long where Ray's sockets allow {LONGEST}"),
        (lambda short: short / ("ä" * (LONGEST // 2)), "bytes long where"),
        (lambda short: os.fsdecode(os.fsencode(short) + b"/\xe4"), "is not UTF-8"),
        (blocked, "cannot be written (Not a directory)"),
        (lambda short: "/proc/nothing", "cannot be written ("),
    ],
    ids=["long", "long in bytes", "not UTF-8", "file", "read-only"],
)
def test_another_folder_is_used_and_named(short, monkeypatch, capsys, variable, make, says):
    monkeypatch.setenv("TMPDIR", str(short))
    monkeypatch.setenv(variable, str(make(short)))
    with ray_folder([str(short / "absent"), str(short)]) as folder:
        assert Path(folder).is_dir()
        assert Path(folder).parent == short
    assert not Path(folder).exists()
    (line,) = capsys.readouterr().out.encode(errors="backslashreplace").decode().splitlines()
    assert line.startswith(f"{variable} is ")
    assert says in line
    assert line.endswith(f"Ray's sockets are in {folder} instead")


def test_no_short_folder_at_all_is_refused(short, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(padded(short, 60)))
    says = f"none of /proc, /nowhere can be written; set TMPDIR to .* at most {LONGEST}"
    with pytest.raises(StorageError, match=says), ray_folder(["/proc", "/nowhere"]):
        pass


@pytest.mark.ray
def test_ray_starts_where_the_folder_is_long(short):
    script = "from tasks.cluster import connected; from workflows.recipes import recipe\n"
    script += "with connected(recipe('demo')): pass"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=REPOSITORY,
        env=os.environ | {"TMPDIR": str(padded(short, 90))},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert "is 90 bytes long where Ray's sockets allow" in done.stdout


FAULT, BUSY = (
    OSError("AF_UNIX path length cannot exceed 107 bytes"),
    Exception("The node timed out during startup.\nWait."),
)


@pytest.mark.parametrize(
    ("error", "attempts", "says"),
    [
        (FAULT, 1, "Ray could not be started on this machine (AF_UNIX path length cannot exceed 107 bytes)"),
        (
            RuntimeError("RpcError in get(timeout_s=5):\nNo token: set RAY_AUTH_TOKEN"),
            1,
            "No token: set RAY_AUTH_TOKEN)",
        ),
        (ValueError("no\n\nway:\n  1. unset it\n"), 1, "(no way: 1. unset it)"),
        (
            BUSY,
            cluster.STARTS,
            "(3 times, the last time because: The node timed out during startup. Wait.); is it very",
        ),
        (TimeoutError("30 s"), cluster.STARTS, "because: 30 s); is it very busy?"),
    ],
)
def test_only_what_ran_out_of_time_is_tried_again(small_recipe, monkeypatch, error, attempts, says):
    import ray

    tried = []

    def init(**settings):
        tried.append(settings)
        raise error

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    with pytest.raises(ClusterError) as refused, cluster.connected(small_recipe):
        pass
    assert len(tried) == attempts
    assert says in str(refused.value)
