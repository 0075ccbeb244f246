"""Waiting for an object store that does not answer for a while."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_before_delay, wait_exponential

from lp_core.first_contact import asked

Result = TypeVar("Result")

_PASSING = re.compile(
    r"NETWORK_CONNECTION|SLOW_DOWN|SERVICE_UNAVAILABLE|REQUEST_TIMEOUT|INTERNAL_FAILURE|THROTTLING|UNAVAILABLE"
    r"|curlCode|(?:status|response) code:? ?5\d\d|[Tt]imed? ?out|connect to server"
)
"""Errors that pass by themselves. Source: the AWS SDK's kinds of errors and Google's client, as pyarrow prints them."""

_LASTING = re.compile(r"OAuth2 access token")
"""Errors that look like passing ones: without credentials, Google's client calls the store unavailable."""

PATIENCE_SECONDS = 180.0
"""How long a store is waited for: our choice, twice the minute or so that a restart or a failover takes."""
PAUSE_SECONDS = 10.0
"""Longest pause between two attempts; the first is one second, and each is twice the one before."""


def patiently(operation: Callable[[], Result], place: str) -> Result:
    """The result of an operation on an object store, attempted again while the store does not answer.

    In the main thread, Ctrl-C and SIGTERM end the wait at once, even if the operation goes on in its own thread.

    Args:
        operation: may be called several times.
        place: URI of what it works on; for a local path there is one attempt.

    Raises:
        OSError: an error that does not pass, at once; else the last one, after `PATIENCE_SECONDS`.
    """
    if "://" not in place:
        return operation()
    attempts = Retrying(
        retry=retry_if_exception(_passes),
        wait=wait_exponential(max=PAUSE_SECONDS),
        stop=stop_before_delay(PATIENCE_SECONDS),
        before_sleep=partial(_tell, place),
        reraise=True,
    )
    return attempts(_interruptibly, operation)


def _passes(error: BaseException) -> bool:
    text = str(error)
    return isinstance(error, OSError) and bool(_PASSING.search(text)) and not _LASTING.search(text)


def _interruptibly(operation: Callable[[], Result]) -> Result:
    """Call an operation; in the main thread, wait for it in a way that signals can end."""
    if threading.current_thread() is not threading.main_thread():
        return operation()
    return asked(operation).result()


def _tell(place: str, state: RetryCallState) -> None:
    """Say once that the store is waited for, and why."""
    if state.attempt_number == 1 and state.outcome:
        why = " ".join(str(state.outcome.exception()).split())
        logging.getLogger(__name__).warning(
            "%s: the store does not answer (%s); trying for %.0f s", place, why, PATIENCE_SECONDS
        )
