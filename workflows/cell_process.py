"""One run of a sweep as a process of its own, with its own log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from lp_core.errors import StorageError
from lp_core.run.files import FIRST_WEIGHTS
from lp_core.run.sweep_plan import Cell
from lp_core.storage import Storage, one_line
from workflows.config import stored_recipe
from workflows.parent import PIPE
from workflows.recipes import recipe as named_recipe
from workflows.repeat import options
from workflows.until import Until

COMMAND = Path(__file__).resolve().parents[1] / "logpolar_command.py"
STOP_SECONDS = 30.0
"""For runs to end after SIGTERM, before SIGKILL. Our choice."""


class CellProcess:
    """`logpolar run` for one cell; it runs from the start, in a process group of its own.

    Args:
        cell: what is run.
        folder: of the sweep.
        address: of the Ray cluster.
        environment: variables on top of this process' own.
        pipe: reading end of a pipe whose writing end this process holds.
        until: last stage that is made.
    """

    def __init__(
        self, cell: Cell, folder: Storage, address: str, environment: dict[str, str], pipe: int, *, until: Until
    ) -> None:
        self.cell, self._folder = cell, folder
        self.log = f"logs/{cell.run}.log"
        run = folder / cell.run
        base = stored_recipe(run) or named_recipe(cell.recipe.name)
        words = ["--recipe", cell.recipe.name, "--run", run.uri, "--address", address, "--until", until]
        words += options(cell.recipe, base)
        if folder.exists(FIRST_WEIGHTS):
            words += ["--init-weights", folder.path(FIRST_WEIGHTS)]
        self._scratch = None if folder.is_local else TemporaryDirectory()
        self._path = Path(self._scratch.name if self._scratch else folder.path()) / self.log
        self._start = time.monotonic()
        with self._opened() as output:
            self._before = output.tell()
            # Safe path (-P): modules of our names in the current folder are not meant.
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(COMMAND), "run", *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[pipe],
                env=os.environ | environment | {PIPE: str(pipe)},
            )

    def _opened(self) -> IO[bytes]:
        """The log, to which every start appends; for an object store, a file here until the process has ended."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._scratch and self._folder.exists(self.log):
                self._path.write_bytes(self._folder.read_bytes(self.log))
            return self._path.open("ab")
        except OSError as error:
            raise StorageError(f"{self._path}: cannot be written ({one_line(error)})") from None

    def has_ended(self) -> bool:
        """Whether the process has ended; its log is in its place then."""
        if self._process.poll() is None:
            return False
        if self._scratch:
            self._folder.write_bytes(self.log, self._path.read_bytes())
            self._scratch.cleanup()
            self._scratch = None
        return True

    def last_line(self) -> str:
        """What the process printed last; also while it runs."""
        lines = self._path.read_bytes()[self._before :].decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "its start")

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._start

    def error(self) -> str | None:
        """The last line of the log about the failure of a process that has ended; None where it succeeded."""
        code = self._process.returncode
        if code == 0:
            return None
        text = self._folder.read_bytes(self.log)[self._before :].decode(errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        own = [line.removeprefix("logpolar: ") for line in lines if line.startswith("logpolar: ")]
        last = (own or lines or ["it printed nothing"])[-1]
        return last if code > 0 else f"ended by {signal.Signals(-code).name}; its last line: {last}"

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def stop(processes: Iterable[CellProcess]) -> None:
    """End processes: SIGTERM, then SIGKILL for those that are still there after `STOP_SECONDS`."""
    processes = list(processes)
    for process in processes:
        process.send(signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    while not all([process.has_ended() for process in processes]) and time.monotonic() < end:
        time.sleep(0.1)
    for process in processes:
        process.send(signal.SIGKILL)
