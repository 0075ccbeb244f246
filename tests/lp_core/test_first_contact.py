"""`first_contact` refuses a store that does not answer a command and says why; a refusal is an answer."""

import logging
import threading
from types import SimpleNamespace

import pyarrow as pa
import pytest

from lp_core import first_contact as module
from lp_core.errors import StorageError
from lp_core.first_contact import answers_expected, asked, first_contact, is_asking, is_first_contact
from lp_core.storage import Storage
from tests.lp_core.test_patience import REFUSED

TOKEN = (
    "google::cloud::Status(UNAVAILABLE: Retry policy exhausted, with a last message of Could not create a OAuth2 "
    "access token to authenticate the request. The request was not sent. The underlying error message was: "
    "PerformWork() - CURL error [6]=Could not resolve hostname error_info={reason=, domain=, metadata={}})"
)
"""What pyarrow 25 says without Google's credentials, shortened."""
UNANSWERED = "google::cloud::Status(UNAVAILABLE: PerformWork() - CURL error [7]=Could not connect to server)"


@pytest.fixture(autouse=True)
def _strange(monkeypatch):
    """Every test begins as a process does: no store was heard from."""
    monkeypatch.setattr(module, "_heard", set())


def opening(message=None, when="asked"):
    """An opening whose file system answers, or says a message when opened or asked; and how often it was opened."""
    opened = []

    def say(path):
        if message and when == "asked":
            raise OSError(message)

    def open_it():
        opened.append(1)
        if message and when == "opened":
            raise OSError(message)
        return SimpleNamespace(get_file_info=say), "bucket/run"

    return open_it, opened


@pytest.mark.parametrize("when", ["opened", "asked"])
@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (REFUSED, r"curlCode: 7, Couldn't connect to server\)$"),
        (UNANSWERED, r"Could not connect to server\)\)$"),
        (TOKEN, r"found no credentials: Could not resolve hostname; log in with .*gs://anonymous@BUCKET"),
    ],
)
def test_a_silent_store_gets_one_attempt_and_the_reason_is_told(message, reason, when):
    open_it, opened = opening(message, when)
    with pytest.raises(StorageError, match=r"^s3://bucket/run: the store cannot be reached \(.*" + reason):
        first_contact(open_it, "s3://bucket/run")
    assert opened == [1]
    with answers_expected():
        assert is_first_contact("s3://bucket/run")


@pytest.mark.parametrize(
    "message", [None, "AWS Error ACCESS_DENIED during HeadObject operation", "AWS Error SLOW_DOWN"]
)
def test_a_store_that_answers_is_a_stranger_no_more_even_if_it_refuses(message):
    open_it, _ = opening(message)
    assert first_contact(open_it, "s3://bucket/run")[1] == "bucket/run"
    with answers_expected():
        assert not is_first_contact("s3://bucket/other?region=eu-north-1")
        assert is_first_contact("s3://bucket/run?endpoint_override=elsewhere:9")
        assert is_first_contact("s3://another/run")
        assert not is_first_contact("/runs/one")


def test_outside_of_commands_no_answer_is_expected():
    assert not is_first_contact("s3://bucket/run")


def test_what_cannot_be_opened_at_all_is_raised_as_it_is():
    def invalid():
        raise pa.ArrowInvalid("no such option")

    with pytest.raises(pa.ArrowInvalid, match="no such option"):
        first_contact(invalid, "s3://bucket/run")
    with pytest.raises(OSError, match="NO_SUCH_BUCKET"):
        first_contact(opening("AWS Error NO_SUCH_BUCKET", "opened")[0], "s3://bucket/run")


@pytest.fixture
def hurried(monkeypatch):
    """Waits that end soon."""
    monkeypatch.setattr(module, "NOTICE_SECONDS", 0.01)
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.1)


def test_a_store_that_hangs_is_announced_and_given_up_while_its_thread_still_asks(hurried, caplog):
    answer = threading.Event()
    with caplog.at_level(logging.WARNING), pytest.raises(StorageError, match=r"cannot be reached \(no answer within"):
        first_contact(lambda: answer.wait() and (None, ""), "gs://bucket/run")
    assert "gs://bucket/run: waiting up to" in caplog.text
    assert is_asking()
    answer.set()
    for thread in threading.enumerate():
        if thread.name == module._THREAD:
            thread.join()
    assert not is_asking()


def test_what_an_operation_raises_arrives():
    with pytest.raises(ZeroDivisionError):
        asked(lambda: 1 // 0).result()


def test_a_folder_of_a_store_makes_first_contact_when_it_is_opened(hurried):
    with answers_expected(), pytest.raises(StorageError, match="cannot be reached"):
        Storage.at("s3://key:secret@bucket/run?scheme=http&endpoint_override=127.0.0.1:9").exists("x")
