"""Ctrl-C ends a training with an exit code of its own, and works as before when the training has ended."""

from __future__ import annotations

import signal
import sys
from typing import Any

import pytest

from tasks.training import _fit
from workflows import cli


class Trainer:
    """Ray's trainer as far as signals go: it takes SIGINT and keeps it."""

    def __init__(self, *signals: int, code: int = 0) -> None:
        self.signals, self.code = signals, code

    def fit(self) -> None:
        signal.signal(signal.SIGINT, lambda *_: sys.exit(self.code))
        for number in self.signals:
            signal.raise_signal(number)


@pytest.fixture(autouse=True)
def _handlers() -> Any:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("trainer", "code", "says"),
    [
        (Trainer(signal.SIGINT), 130, "interrupted; run the same command again"),
        (Trainer(signal.SIGINT, code=1), 130, "interrupted; run the same command again"),
        (Trainer(signal.SIGTERM), 143, "terminated; run the same command again"),
    ],
    ids=["Ctrl-C", "Ctrl-C while Ray waits", "terminated"],
)
def test_an_interrupted_training_says_so(
    trainer: Trainer, code: int, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "_dispatch", lambda *_: _fit(trainer))  # type: ignore[arg-type]
    with pytest.raises(SystemExit) as end:
        cli.main(["train"])
    assert end.value.code == code
    assert says in capsys.readouterr().err


def test_after_a_training_the_handler_is_the_one_before_it() -> None:
    before = signal.getsignal(signal.SIGINT)
    _fit(Trainer())  # type: ignore[arg-type]
    assert signal.getsignal(signal.SIGINT) is before
