"""What a person sees of long work: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from typing import Any

from lp_core.storage import Storage
from tasks.metrics_log import UPLOAD_SECONDS
from tasks.metrics_reader import MetricsReader

LINE_SECONDS = 10.0
"""Between plain lines."""

REMINDER_SECONDS = 15.0
"""Of silence before the first reminder; each further one comes after twice the time."""

WIDE_COLUMNS = 100
"""A terminal with room for a bar beside the longest note; rich would cut the counts off in a narrower one."""


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say now and then, while a `with` block runs, what is waited for and for how long; nothing if it is short."""
    ended = threading.Event()

    def remind() -> None:
        start, pause = time.monotonic(), REMINDER_SECONDS
        while not ended.wait(pause):
            say(f"{what}: {time.monotonic() - start:.0f} s so far")
            pause *= 2

    reminder = threading.Thread(target=remind, daemon=True)
    reminder.start()
    try:
        yield
    finally:
        ended.set()
        reminder.join()


def _line_column() -> Any:
    """The whole of a display for a narrow terminal: what matters most comes first, the end is cut."""
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class Line(ProgressColumn):
        def render(self, task: Task) -> Text:
            left = "" if task.time_remaining is None else f" {timedelta(seconds=round(task.time_remaining))} left"
            text = f"{task.completed:.0f}/{task.total:.0f} {task.description}{left} {task.fields['note']}"
            return Text(text, no_wrap=True, overflow="ellipsis")

    return Line()


class _Display:
    """The one display that a terminal can have, with a bar for each thing in progress."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._bars: Any = None

    def enter(self) -> Any:
        """rich's bars, started for the first user."""
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        with self._lock:
            if self._users == 0:
                self._bars = Bars(
                    TextColumn("{task.description}"),
                    BarColumn(),
                    MofNCompleteColumn(),
                    TextColumn("{task.fields[note]}"),
                    TimeRemainingColumn(),
                )
                if self._bars.console.width < WIDE_COLUMNS:
                    self._bars.columns = (_line_column(),)
                self._bars.start()
            self._users += 1
            return self._bars

    def leave(self) -> None:
        """Stopped after the last user."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._bars.stop()


_display = _Display()


def _pace(rate: float, unit: str) -> str:
    """A rate for people; a slow one with decimals or per hour, because 0 is none."""
    if rate < 0.01:
        return f"{3600 * rate:.3g} {unit}/h"
    return f"{rate:.{0 if rate >= 10 else 2}f} {unit}/s"


class Progress:
    """Counts what is done of something; use as a context manager.

    Args:
        title: such as `scan log_polar`.
        total: how much there is to do.
        unit: of what, in the plural.
    """

    def __init__(self, title: str, total: int, unit: str) -> None:
        self.title, self.total, self.unit = title, total, unit
        self.done = 0
        self._first = 0
        self._start = self._said = time.monotonic()
        self._bar: Any = None
        self._until_first = ExitStack()

    def __enter__(self) -> Progress:
        if sys.stdout.isatty():
            self._bar = _display.enter()
            self._task = self._bar.add_task(self.title, total=self.total, note="")
        else:
            self._until_first.enter_context(waiting(f"{self.title}: the first of {self.total} {self.unit}"))
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._until_first.close()
        if self._bar:
            _display.leave()
        if kind is None:
            seconds = max(1e-9, time.monotonic() - self._start)
            measured = self.done - self._first  # none where all of it was done before anybody looked
            pace = f" in {seconds:.1f} s ({_pace(measured / seconds, self.unit)})" if measured else ""
            say(f"{self.title}: {self.done} {self.unit}{pace}")

    def already(self, done: int) -> None:
        """Count what was done before; it says nothing about the speed from here."""
        self._first, self._start = done, time.monotonic()
        self.to(done)

    def advance(self, amount: int) -> None:
        """Count more of it as done."""
        rate = (self.done + amount - self._first) / max(1e-9, time.monotonic() - self._start)
        self.to(self.done + amount, _pace(rate, self.unit))

    def to(self, done: int, note: str = "") -> None:
        """Say how much is done in all."""
        self.done = done
        if done > self._first:
            self._until_first.close()
        now = time.monotonic()
        if self._bar:
            self._bar.update(self._task, completed=done, note=note)
        elif now - self._said >= LINE_SECONDS and done > self._first:
            self._said = now
            left = (now - self._start) / (done - self._first) * (self.total - done)
            say(f"{self.title}: {done} of {self.total} {self.unit}{', ' + note if note else ''}, {left:.0f} s left")


@contextmanager
def training_progress(folder: Storage, title: str, steps: int) -> Iterator[None]:
    """Show the progress of a training, which other processes write to metrics.jsonl, while a `with` block runs."""
    finished = threading.Event()

    def watch() -> None:
        seconds = 1.0 if folder.is_local else UPLOAD_SECONDS
        with waiting(f"{title}: its workers start"):
            while not (lines := reader.new_lines()):
                if finished.wait(seconds):
                    return
        with Progress(title, steps, "steps") as progress:
            shown: set[str] = set()
            known = first
            progress.already(known)
            while True:
                for line in lines:
                    if "note" in line and line["note"] not in shown:
                        shown.add(line["note"])
                        say(f"{title}: {line['note']}")
                measured = [line for line in lines if "loss" in line]
                if measured and measured[-1]["step"] > known:
                    newest = measured[-1]
                    if known == first:
                        progress.already(newest["step"])  # starting up took part of the time so far
                    known = newest["step"]
                    progress.to(known, _shown_line(newest))
                if finished.wait(seconds) or known >= steps:
                    return
                lines = reader.new_lines()

    with closing(MetricsReader(folder)) as reader:
        before = reader.new_lines()
        first = before[-1]["step"] if before else 0
        watcher = threading.Thread(target=watch, daemon=True)
        if before:
            say(f"{title}: an earlier start came to step {first} of {steps}")
        watcher.start()
        try:
            yield
        finally:
            finished.set()
            watcher.join()


def _shown_line(line: dict[str, Any]) -> str:
    """A line of metrics.jsonl for people."""
    pace = f"{line['images_per_s']:.0f} images/s, {line.get('model_tflops', 0):.3g} TFLOP/s"
    share = f" ({100 * line['peak_share']:.0f} % of peak)" if "peak_share" in line else ""
    return f"loss {line['loss']:.3f}, top-1 {line['top1']:.1f} %, {pace}{share}"
