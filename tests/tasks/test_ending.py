"""Signals end a command in order, before Ray is connected and after it has set handlers of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from tasks.ending import end_in_order, was_terminated


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "terminated"), [(signal.SIGTERM, True), (signal.SIGINT, False)])
def test_a_signal_is_an_interrupt_that_is_told_apart(number, terminated):
    for handler in (signal.SIG_DFL, lambda *_: None):
        signal.signal(number, handler)
        end_in_order()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        assert was_terminated() == terminated


def test_another_thread_leaves_the_handlers_alone():
    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=end_in_order)
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is before
