"""Waiting for an object store that does not answer for a while."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

_PASSING = re.compile(
    r"NETWORK_CONNECTION|SLOW_DOWN|SERVICE_UNAVAILABLE|REQUEST_TIMEOUT|INTERNAL_FAILURE|THROTTLING|UNAVAILABLE"
    r"|curlCode|(?:status|response) code:? ?5\d\d|[Tt]imed? ?out|connect to server"
)
"""Errors that pass by themselves. Source: the AWS SDK's kinds of errors and Google's client, as pyarrow prints them."""

PATIENCE_SECONDS = 180.0
"""How long a store is waited for: our choice, twice the minute or so that a restart or a failover takes."""
PAUSE_SECONDS = 10.0
"""Longest pause between two attempts; the first is one second, and each is twice the one before."""


def patiently(operation: Callable[[], Result], place: str) -> Result:
    """The result of an operation on an object store, attempted again while the store does not answer.

    Args:
        operation: may be called several times.
        place: URI of what it works on; for a local path there is one attempt.

    Raises:
        OSError: an error that does not pass, at once; else the last one, after `PATIENCE_SECONDS`.
    """
    pause, end = 1.0, None
    while True:
        try:
            return operation()
        except OSError as error:
            if "://" not in place or not _PASSING.search(str(error)):
                raise
            now = time.monotonic()
            if end is None:
                end = now + PATIENCE_SECONDS
                why = " ".join(str(error).split())
                logging.getLogger(__name__).warning(
                    "%s: the store does not answer (%s); trying for %.0f s", place, why, PATIENCE_SECONDS
                )
            if now + pause > end:
                raise
            time.sleep(pause)
            pause = min(2 * pause, PAUSE_SECONDS)
