"""`patience` retries while an object store does not answer, and raises everything else at once."""

import logging
import os
import signal
import socket
import threading
from types import SimpleNamespace

import pytest
from pyarrow import fs

from lp_core import patience
from lp_core.patience import patiently
from lp_core.storage import Storage

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
        ("gs://bucket/run", "google::cloud::Status(UNAVAILABLE: Could not create a OAuth2 access token)"),
    ],
)
def test_what_does_not_pass_is_raised_at_once(clock, place, message):
    with pytest.raises(OSError):
        patiently(failing(1, message), place)
    assert clock == []


def test_ctrl_c_ends_the_wait_for_a_store_that_accepts_and_never_answers():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place, returned = "s3://bucket/run", threading.Event()
        filesystem = fs.S3FileSystem(
            access_key="key",
            secret_key="secret",
            scheme="http",
            endpoint_override=f"127.0.0.1:{silent.getsockname()[1]}",
            request_timeout=600,  # so that a busy machine does not see its own 3 s
        )

        def operation():
            asked.set()
            try:
                filesystem.get_file_info("bucket/run")
            finally:
                returned.set()

        asked = threading.Event()
        threading.Thread(target=lambda: asked.wait() and os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            patiently(operation, place)
        assert not returned.is_set()


@pytest.mark.parametrize(
    ("uri", "opened"),
    [
        ("gs://bucket/run", "gs://bucket/run?retry_limit_seconds=10"),
        ("gs://me@bucket/run?scheme=http", "gs://me@bucket/run?scheme=http&retry_limit_seconds=10"),
        ("gs://bucket/run?retry_limit_seconds=60", "gs://bucket/run?retry_limit_seconds=60"),
        ("s3://bucket/run", "s3://bucket/run"),
    ],
)
def test_google_s_client_gives_up_after_ten_seconds_unless_told_otherwise(monkeypatch, uri, opened):
    asked = []
    opening = SimpleNamespace(from_uri=lambda text: asked.append(text) or (None, ""))
    monkeypatch.setattr("lp_core.storage.fs", SimpleNamespace(FileSystem=opening))
    assert Storage(uri).filesystem is None
    assert asked == [opened]
