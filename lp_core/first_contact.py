"""The first answer of an object store: a command that cannot reach one says so within seconds."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from lp_core.errors import StorageError

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

Result = TypeVar("Result")

ANSWER_SECONDS = 15.0
"""A command waits this long for a store's first answer. Our choice, twice what Amazon's client takes to give up."""
NOTICE_SECONDS = 3.0
"""A wait longer than this is announced."""

_SILENT = re.compile(
    r"NETWORK_CONNECTION|REQUEST_TIMEOUT|curlCode|CURL error|[Tt]imed? ?out|connect to server|OAuth2 access token"
)
"""Errors of a store that did not answer. Source: the AWS SDK's kinds and Google's client, as pyarrow prints them."""
_CURL = re.compile(r"CURL error \[\d+\]=(.+?)(?: error_info=|[{}()\[\]]|$)")

_THREAD = "asks an object store"
_heard: set[str] = set()
_expected = False


@contextmanager
def answers_expected() -> Iterator[None]:
    """Within the block, stores that this process never heard from are refused instead of waited for."""
    global _expected
    _expected = True
    try:
        yield
    finally:
        _expected = False


def is_first_contact(uri: str) -> bool:
    """Whether a store's answer is expected, and this process never had one."""
    return _expected and "://" in uri and _store(uri) not in _heard


def first_contact(opening: Callable[[], tuple[FileSystem, str]], uri: str) -> tuple[FileSystem, str]:
    """The file system and path of a folder in a store that answered.

    Args:
        opening: gives them; pyarrow opens most stores without asking.
        uri: of the folder.

    Raises:
        StorageError: the store cannot be reached, or was silent for `ANSWER_SECONDS`.
        OSError, pyarrow.ArrowInvalid: as of `opening`.
    """

    def ask() -> tuple[FileSystem, str]:
        filesystem, path = opening()
        try:
            filesystem.get_file_info(path)
        except OSError as error:
            if _SILENT.search(str(error)):
                raise
        return filesystem, path  # a refusal is an answer; what is read next tells it

    answer = asked(ask)
    try:
        opened = _awaited(answer, uri)
    except OSError as error:
        if answer.done() and not _SILENT.search(str(error)):
            raise
        raise StorageError(f"{uri}: the store cannot be reached ({_reason(error)})") from None
    _heard.add(_store(uri))
    return opened


def asked(operation: Callable[[], Result]) -> Future[Result]:
    """The answer to come of an operation in a thread of its own, which a signal to the main thread need not wait for.

    Python handles signals between its own instructions only, so a call into pyarrow would hold them until it returns.
    """
    answer: Future[Result] = Future()

    def call() -> None:
        try:
            answer.set_result(operation())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=call, daemon=True, name=_THREAD).start()
    return answer


def is_asking() -> bool:
    """Whether an operation that `asked` began has not returned: pyarrow would wait for it when Python ends."""
    return any(thread.name == _THREAD for thread in threading.enumerate())


def _awaited(answer: Future[Result], uri: str) -> Result:
    """The answer, with a notice of a long wait; `TimeoutError` after `ANSWER_SECONDS`."""
    try:
        return answer.result(NOTICE_SECONDS)
    except TimeoutError:
        if answer.done():
            raise
    logging.getLogger(__name__).warning("%s: waiting up to %.0f s for the store to answer", uri, ANSWER_SECONDS)
    try:
        return answer.result(ANSWER_SECONDS - NOTICE_SECONDS)
    except TimeoutError:
        if answer.done():
            raise
        raise TimeoutError(f"no answer within {ANSWER_SECONDS:.0f} s") from None


def _reason(error: OSError) -> str:
    """Why a store was silent, in few words: Google's client repeats its message three times."""
    text = " ".join(str(error).split())
    if "OAuth2 access token" not in text:
        return text
    why = _CURL.search(text)
    return (
        f"Google's client found no credentials{f': {why.group(1).strip()}' if why else ''}; log in with `gcloud auth "
        "application-default login`, or write gs://anonymous@BUCKET for a public bucket"
    )


def _store(uri: str) -> str:
    """What answers: the scheme, the bucket, and the server where the URI names one."""
    parts = urlsplit(uri)
    server = re.search(r"endpoint_override=[^&]*", parts.query)
    return f"{parts.scheme}://{parts.netloc}{server.group() if server else ''}"
