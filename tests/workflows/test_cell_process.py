"""A run of a sweep has its own log, and its failure is told by the last line of its latest start."""

import os
import time
from dataclasses import replace

import pytest

from lp_core.run.sweep_plan import Cell, SweepPlan
from lp_core.storage import Storage
from tests.workflows.commands import wait_until
from workflows import cell_process
from workflows.cell_process import CellProcess, stop
from workflows.recipes import demo


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    yield reader
    os.close(reader)
    os.close(writer)


@pytest.fixture
def cell(tmp_path) -> Cell:
    base = demo()
    base = replace(base, data=replace(base.data, path=str(tmp_path / "nothing")))
    return SweepPlan(base, vary={"view.law": ("opencv",)}).cells()[0]


def test_a_failure_is_told_by_its_last_line_and_logs_grow(tmp_path, cell, pipe):
    folder = Storage.at(tmp_path / "sweep")
    for start in (1, 2):
        process = CellProcess(cell, folder, "127.0.0.1:1", {}, pipe, until="report")
        wait_until(process.has_ended)
        assert process.error().startswith(f"data.path {tmp_path / 'nothing'} does not exist; make one with")
        log = (tmp_path / "sweep" / "logs" / "law=opencv" / "seed-0.log").read_text()
        assert log.count("does not exist") == start
        assert process.seconds > 0


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("print('done')", None),
        ("import sys; print('logpolar: first\\nlogpolar: the cause\\nnoise'); sys.exit(1)", "the cause"),
        ("import sys; print('a traceback\\n'); sys.exit(3)", "a traceback"),
        ("import sys; sys.exit(1)", "it printed nothing"),
        (
            "import os; print('half way', flush=True); os.kill(os.getpid(), 9)",
            "ended by SIGKILL; its last line: half way",
        ),
    ],
)
def test_every_end_has_its_words(tmp_path, cell, pipe, monkeypatch, script, error):
    (tmp_path / "command.py").write_text(script)
    monkeypatch.setattr(cell_process, "COMMAND", tmp_path / "command.py")
    process = CellProcess(cell, Storage.at(tmp_path / "sweep"), "unused", {}, pipe, until="report")
    wait_until(process.has_ended)
    assert process.error() == error


def test_stopping_ends_what_ignores_sigterm_too(tmp_path, cell, pipe, monkeypatch):
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    (tmp_path / "command.py").write_text(stubborn)
    monkeypatch.setattr(cell_process, "COMMAND", tmp_path / "command.py")
    monkeypatch.setattr(cell_process, "STOP_SECONDS", 0.3)
    process = CellProcess(cell, Storage.at(tmp_path), "unused", {}, pipe, until="report")
    log = tmp_path / process.log
    wait_until(lambda: "up" in log.read_text())
    start = time.monotonic()
    stop([process])
    wait_until(process.has_ended)
    assert "SIGKILL" in process.error()
    assert time.monotonic() - start < 60
