"""`logpolar doctor` prints every part once, exits 1 if one fails, and prints nothing secret."""

import getpass
import os
import socket
from pathlib import Path

import pytest

from tasks.machine_checks import Line
from workflows import doctor as module
from workflows.cli import main

PARTS = ["versions", "CPUs", "memory", "/dev/shm", "GPUs", "decoder", "run folder", "Ray"]


class NoRay:
    """Stands in for the process that starts Ray, which tests/tasks/test_ray_check.py tests."""

    works = True

    def line(self) -> Line:
        return Line("Ray", "not started in this test", works=self.works)


@pytest.fixture(autouse=True)
def _without_ray(monkeypatch) -> None:
    monkeypatch.setattr(module, "RayCheck", NoRay)
    monkeypatch.setattr(NoRay, "works", True)


def output(arguments: list[str], capsys, code: int) -> str:
    with pytest.raises(SystemExit) as end:
        main(["doctor", *arguments])
    assert end.value.code == code
    return capsys.readouterr().out


def test_every_part_has_a_line(tmp_path, capsys) -> None:
    text = output(["--run", str(tmp_path)], capsys, 0)
    found = [line[6:18].strip() for line in text.splitlines()[:-1] if line[:6].strip()]
    assert found == PARTS
    assert text.splitlines()[-1] == "all that a run needs is there"


def test_what_fails_decides_the_exit_code(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "file").write_text("")
    text = output(["--run", str(tmp_path / "file")], capsys, 1)
    assert text.splitlines()[-1] == "will not work: run folder"
    monkeypatch.setattr(NoRay, "works", False)
    assert output([], capsys, 1).splitlines()[-1] == "will not work: Ray"


def test_nothing_secret_is_printed(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0123456789abcdef")
    text = output(["--run", str(tmp_path / "private-project")], capsys, 0)
    for secret in ("wJalrXUtnFEMI", "0123456789abcdef", "private-project", str(Path.home()) + os.sep, str(tmp_path)):
        assert secret not in text
    words = set(text.replace(",", " ").split())
    assert not words & {getpass.getuser(), socket.gethostname()}
