"""`ray_check` tells a Ray that starts from one that fails or hangs, and ends with it."""

import time

import pytest

from tasks.ray_check import RayCheck


def test_a_failure_is_the_last_line_of_the_message() -> None:
    line = RayCheck("raise SystemExit('logpolar: no socket for Ray')").line()
    assert not line.works
    assert line.seen == "logpolar: no socket for Ray"


def test_a_process_that_hangs_is_ended() -> None:
    check = RayCheck("import time; time.sleep(600)")
    start = time.monotonic()
    line = check.line(longest=0.5)
    assert not line.works
    assert "did not start" in line.seen
    assert check._process.returncode is not None
    assert time.monotonic() - start < 60


@pytest.mark.ray
def test_ray_starts_and_stops_here(monkeypatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "no-such-host:1")  # another cluster's address must not matter
    line = RayCheck().line(longest=180)
    assert line.works, line.seen
    assert "started, ran a task and stopped" in line.seen
