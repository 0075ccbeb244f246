"""How a command ends when it is told to: in order, without the stack that Ray prints."""

from __future__ import annotations

import signal
import threading

_terminated = threading.Event()


def end_in_order() -> None:
    """Let SIGINT and SIGTERM raise `KeyboardInterrupt`, so that everything that is open is closed.

    Ray replaces the handlers when it connects: of SIGTERM by one that prints a stack and aborts. A `SystemExit` would
    lose its code where Ray waits. Only the main thread may set handlers, so in any other one this does nothing.
    """
    if threading.current_thread() is threading.main_thread():
        _terminated.clear()
        signal.signal(signal.SIGTERM, _terminate)
        signal.signal(signal.SIGINT, signal.default_int_handler)


def was_terminated() -> bool:
    """Whether a `KeyboardInterrupt` came from SIGTERM."""
    return _terminated.is_set()


def _terminate(number: int, frame: object) -> None:
    _terminated.set()
    raise KeyboardInterrupt
