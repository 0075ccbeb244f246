"""Output that cannot be printed, or that nobody reads: no traceback, and the work is done."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from lp_core.toy.data_set import draw, encode
from tasks.progress import WIDE_COLUMNS
from tests.workflows.commands import REPOSITORY


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Class folders below a name that ASCII lacks."""
    folder = tmp_path / "日本 ä"
    for split, number in (("train", 2), ("val", 1)):
        for label in ("a", "b"):
            (folder / split / label).mkdir(parents=True)
            for row in range(number):
                (folder / split / label / f"{row}.jpg").write_bytes(encode(draw(0, "train", row)[0]))
    return folder


def command(*arguments: str | Path, **options) -> subprocess.Popen:
    environment = os.environ | options.pop("environment", {})
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    words = [sys.executable, "-m", "workflows", *map(str, arguments)]
    return subprocess.Popen(words, cwd=REPOSITORY, env=environment, **options)


def without_reader(*arguments: str | Path) -> tuple[int, bytes]:
    """Exit code and standard error of a command whose standard output is closed at its other end."""
    with command(*arguments) as process:
        process.stdout.close()
        return process.wait(100), process.stderr.read()


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}],
    ids=["ascii", "C"],
)
def test_names_that_cannot_be_encoded_are_escaped(tmp_path, pictures, environment):
    out = tmp_path / "ü"
    output, errors = command("index", pictures, out, environment=environment).communicate(timeout=100)
    assert errors == b""
    assert (out / "manifest.json").exists()
    shown = str(out).encode() if environment == {"LC_ALL": "C"} else f"{tmp_path}/\\xfc".encode()
    assert shown in output
    _, errors = command("index", pictures / "nothing", out, environment=environment).communicate(timeout=100)
    assert errors.startswith(b"logpolar: ")
    assert b"does not exist" in errors


def test_names_that_the_locale_lacks_are_refused(tmp_path, pictures):
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    errors = command("index", pictures, tmp_path / "out", environment=environment).communicate(timeout=100)[1]
    assert errors.endswith(b"needs UTF-8, but the locale's names are ascii; set PYTHONUTF8=1\n")
    assert errors.count(b"\n") == 1


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["submit", "--help"]])
def test_help_ends_quietly_without_a_reader(arguments):
    assert without_reader(*arguments) == (0, b"")


def test_work_goes_on_without_a_reader(tmp_path, pictures):
    assert without_reader("index", pictures, tmp_path / "out") == (0, b"")
    assert (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk is Linux's /dev/full")
def test_a_full_disk_behind_the_output_is_said_once(tmp_path, pictures):
    with open("/dev/full", "w") as full:
        process = command("index", pictures, tmp_path / "out", stdout=full)
        errors = process.communicate(timeout=100)[1]
    assert errors == b"logpolar: cannot print (No space left on device); the work continues\n"
    assert process.returncode == 0
    assert (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.parametrize("closed", [[1], [2], [1, 2]])
def test_closed_streams_are_no_fault(tmp_path, pictures, closed):
    words = f"exec {sys.executable} -m workflows index '{pictures}' '{tmp_path / 'out'}'"
    shut = " ".join(f"{number}>&-" for number in closed)
    done = subprocess.run(["sh", "-c", f"{words} {shut}"], cwd=REPOSITORY, capture_output=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.parametrize("what", ["run", "source", "out", "current folder"])
def test_a_path_that_is_not_utf8_is_refused_in_a_line(tmp_path, pictures, what):
    odd = os.fsencode(tmp_path) + b"/\xe4"
    os.mkdir(odd)
    arguments = {
        "run": ["train", "--recipe", "demo", "--run", os.fsdecode(odd)],
        "source": ["index", os.fsdecode(odd), tmp_path / "out"],
        "out": ["index", pictures, os.fsdecode(odd)],
        "current folder": ["train", "--recipe", "demo", "--run", "run"],
    }[what]
    words = [sys.executable, "-m", "workflows", *arguments]
    cwd = odd if what == "current folder" else REPOSITORY
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "is not UTF-8" in done.stderr


NARROW = """
from tasks.progress import Progress
with Progress("scan log_polar", 200, "rows") as progress:
    progress.to(150, "loss 6.900, top-1 12.3 %, 135 images/s, 0.123 TFLOP/s")
"""


@pytest.mark.parametrize("columns", [20, 60, 80, 200])
def test_the_counts_stand_in_a_terminal_of_any_width(columns):
    reader, writer = pty.openpty()
    environment = os.environ | {"COLUMNS": str(columns), "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen([sys.executable, "-c", NARROW], cwd=REPOSITORY, stdout=writer, env=environment)
    os.close(writer)
    shown = b""
    while True:
        try:
            piece = os.read(reader, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(reader)
    assert process.wait(60) == 0
    assert b"150/200" in shown
    lines = shown.decode().split("\x1b[2K")[1:-1]
    assert all(len(line.rstrip("\r")) <= columns for line in lines) or columns > WIDE_COLUMNS  # a bar has colours
