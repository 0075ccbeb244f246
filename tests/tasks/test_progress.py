"""The last line of long work states what was done, and a pace only where one was measured."""

from __future__ import annotations

import pytest

from tasks import progress
from tasks.progress import Progress


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
