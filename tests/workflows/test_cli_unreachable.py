"""A store that never answers: every option that takes a URI is refused in a line, and signals end the wait."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from lp_core import first_contact
from tests.workflows.commands import PATIENCE_SECONDS, REPOSITORY
from tests.workflows.object_store import CREDENTIALS
from workflows.cli import main


@pytest.fixture(autouse=True)
def _credentials(monkeypatch):
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def silent():
    """A store at a port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def uri(server: socket.socket, path: str) -> str:
    return f"s3://bucket/{path}?region=us-east-1&scheme=http&endpoint_override=127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("verb", "option", "others"),
    [
        ("train", "--run", ["--recipe", "demo"]),
        ("demo", "--run", []),
        ("evaluate", "--run", []),
        ("report", None, []),
        ("index", None, ["{p}/out"]),
        ("train", "--data.path", ["--recipe", "demo", "--run", "{p}/run"]),
        ("sweep", "--data.path", ["--recipe", "demo", "--run", "{p}/run"]),
        ("run", "--weights", ["--recipe", "demo", "--run", "{p}/run", "--data.path", "{data}", "--views", "cartesian"]),
        ("train", "--init-weights", ["--recipe", "demo", "--run", "{p}/run", "--data.path", "{data}"]),
        ("sweep", "--init-weights", ["--recipe", "demo", "--run", "{p}/run", "--data.path", "{data}"]),
    ],
)
def test_every_option_that_takes_a_uri_refuses_a_silent_store(
    verb, option, others, silent, capsys, tmp_path, toy_folder, monkeypatch
):
    monkeypatch.setattr(first_contact, "NOTICE_SECONDS", 0.01)
    monkeypatch.setattr(first_contact, "ANSWER_SECONDS", 0.1)
    place = uri(silent, "x.safetensors")
    words = [word.format(p=tmp_path, data=toy_folder) for word in others]
    with pytest.raises(SystemExit) as end:
        main([verb, *([option] if option else []), place, *words])
    assert end.value.code == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith(f"logpolar: {place.split('/x.')[0]}")
    assert "the store cannot be reached (no answer within" in told
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("number", "word"), [(signal.SIGTERM, "terminated"), (signal.SIGINT, "interrupted")])
def test_a_signal_ends_the_wait_for_a_silent_store(silent, number, word):
    process = subprocess.Popen(
        [sys.executable, "-m", "workflows", "train", "--run", uri(silent, "run"), "--recipe", "demo"],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
    )
    silent.settimeout(PATIENCE_SECONDS)
    with silent.accept()[0]:
        os.kill(process.pid, number)
        told = process.communicate(timeout=PATIENCE_SECONDS)[1]
    assert process.returncode == 128 + number
    assert told.splitlines()[-1] == f"logpolar: {word}; run the same command again to resume"


def test_an_interrupt_that_became_another_error_is_an_interrupt(monkeypatch, capsys):
    def within_a_class(verb, arguments):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise RuntimeError("Error calling __set_name__") from error

    monkeypatch.setattr("workflows.cli._dispatch", within_a_class)
    with pytest.raises(SystemExit) as end:
        main(["train"])
    assert end.value.code == 130
    assert "interrupted" in capsys.readouterr().err


def test_another_error_is_left_alone(monkeypatch):
    def fail(verb, arguments):
        raise RuntimeError("a mistake")

    monkeypatch.setattr("workflows.cli._dispatch", fail)
    with pytest.raises(RuntimeError, match="a mistake"):
        main(["train"])


def test_a_program_that_calls_the_command_outlives_its_refusal(monkeypatch):
    monkeypatch.setattr("workflows.cli.is_asking", lambda: True)
    with pytest.raises(SystemExit) as end:
        main(["trian"])
    assert end.value.code == 2
