"""The last line of long work states what was done, and a pace only where one was measured."""

from __future__ import annotations

import re
import threading

import pytest

from tasks import progress
from tasks.progress import Progress, waiting


def last_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, before: int, done: int, end: float = 100.0
) -> str:
    """What is printed at the end, after 100 s unless given."""
    seconds = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: seconds)
    monkeypatch.setattr(progress, "LINE_SECONDS", 1000.0)
    with Progress("draw", 50, "channels") as bar:
        bar.already(before)
        seconds = end
        bar.to(done)
    return capsys.readouterr().out.splitlines()[-1]


def test_a_slow_pace_has_decimals(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert last_line(capsys, monkeypatch, 0, 34) == "draw: 34 channels in 100.0 s (0.34 channels/s)"
    assert last_line(capsys, monkeypatch, 0, 34, 9000.0) == "draw: 34 channels in 9000.0 s (13.6 channels/h)"


def test_no_pace_is_stated_where_none_was_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert last_line(capsys, monkeypatch, 34, 34) == "draw: 34 channels"


class Said(threading.Event):
    """Set once a number of lines was said."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._number = number
        monkeypatch.setattr(progress, "say", self._say)
        monkeypatch.setattr(progress, "REMINDER_SECONDS", 0.01)

    def _say(self, text: str) -> None:
        self.lines.append(text)
        if len(self.lines) == self._number:
            self.set()


def test_long_waits_are_told_until_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Said(monkeypatch, 3)
    with waiting("starting Ray"):
        assert said.wait(60)
    assert all(re.fullmatch(r"starting Ray: \d+ s so far", line) for line in said.lines)


def test_a_wait_that_fails_ends_its_reminders(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = threading.active_count()
    with pytest.raises(ValueError, match="broken"), waiting("starting Ray"):
        raise ValueError("broken")
    assert threading.active_count() == threads


def test_the_first_piece_is_waited_for_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Said(monkeypatch, 1)
    with Progress("scan", 50, "images") as bar:
        bar.already(10)
        assert said.wait(60)
        assert said.lines[0].startswith("scan: the first of 50 images: ")
        bar.advance(5)
        reminders = len(said.lines)
        bar.advance(5)
    assert len(said.lines) == reminders + 1
    assert said.lines[-1].startswith("scan: 20 images in ")
