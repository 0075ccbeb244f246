"""`patience` retries while an object store does not answer, and raises everything else at once."""

import logging

import pytest

from lp_core import patience
from lp_core.patience import patiently

REFUSED = (
    "When reading information for key 'run/config.json' in bucket 'b': AWS Error NETWORK_CONNECTION during HeadObject "
    "operation: curlCode: 7, Couldn't connect to server"
)
"""What pyarrow 25 says when nobody listens."""


@pytest.fixture
def clock(monkeypatch):
    """Pauses that take no time."""
    slept = []
    monkeypatch.setattr("time.monotonic", lambda: float(sum(slept)))
    monkeypatch.setattr("time.sleep", slept.append)
    return slept


def failing(times, message=REFUSED):
    errors = iter([OSError(message)] * times)

    def operation():
        for error in errors:
            raise error
        return "done"

    return operation


def test_a_store_that_comes_back_is_waited_for_and_the_wait_is_told_once(clock, caplog):
    with caplog.at_level(logging.WARNING):
        assert patiently(failing(6), "s3://bucket/run") == "done"
    assert clock == [1, 2, 4, 8, 10, 10]
    assert len(caplog.records) == 1
    assert "s3://bucket/run: the store does not answer" in caplog.text


def test_patience_ends(clock):
    with pytest.raises(OSError, match="Couldn't connect"):
        patiently(failing(1000), "s3://bucket/run")
    assert patience.PATIENCE_SECONDS - patience.PAUSE_SECONDS <= sum(clock) <= patience.PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("/runs/one", REFUSED),
        ("s3://bucket/run", "AWS Error ACCESS_DENIED during HeadObject operation: No response body."),
        ("s3://bucket/run", "AWS Error NO_SUCH_BUCKET during GetObject operation"),
    ],
)
def test_what_does_not_pass_is_raised_at_once(clock, place, message):
    with pytest.raises(OSError):
        patiently(failing(1, message), place)
    assert clock == []
