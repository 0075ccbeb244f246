"""metrics.jsonl of a view as a training writes it, and the same numbers for TensorBoard."""

from __future__ import annotations

import importlib.util
import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from lp_core.errors import DataError, SettingError, StorageError, check
from lp_core.run.files import METRICS
from lp_core.storage import Storage, one_line

FILE = METRICS
CHUNKS = "metrics"
"""Folder of the chunks, on an object store, which cannot append: lines in order, `CHUNK_LINES` in all but the last."""
CHUNK_LINES = 500
"""About 125 kB. The last chunk is written whole with every upload, so this bounds what an upload costs."""
UPLOAD_SECONDS = 5.0
"""Between uploads of the last chunk, and between synchronizations of a disk; `training_progress` looks as often."""
_NOT_CURVES = {"step", "epoch", "seconds", "note"}


def chunk_file(number: int) -> str:
    """The name of a chunk; the first is number 0."""
    return f"{CHUNKS}/{number:06d}.jsonl"


class MetricsLog:
    """A line for every measurement and remark, each once, however often the training was interrupted.

    On a disk every line is appended to metrics.jsonl at once. On an object store lines are uploaded in chunks, which
    `finish` joins into metrics.jsonl.

    Args:
        folder: the view's folder in the run.
        step: steps of the checkpoint that the training resumes from; later lines of an earlier start are dropped.
        tensorboard: whether to write TensorBoard's files, too.

    Raises:
        LogpolarError: a line up to that step is not JSON, or the folder cannot be written to.
    """

    def __init__(self, folder: Storage, step: int, tensorboard: bool = False) -> None:
        self.folder = folder
        kept = list(_lines_until(folder, step)) if step else []
        self.lines = [json.loads(line) for line in kept]
        """Since the start of the log or the last call of `forget`."""
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._counts: Counter[str] = Counter()
        for line in self.lines:
            self._count(line)
        self._file: _Appended | _Chunks = (_Appended if folder.is_local else _Chunks)(folder, kept)
        self._events = None
        if tensorboard:
            from torch.utils.tensorboard import SummaryWriter

            self._events = SummaryWriter(folder.path("tensorboard"), purge_step=step + 1)

    def write(self, line: dict[str, Any]) -> None:
        """Add a line. Readers see it at once on a disk, within `UPLOAD_SECONDS` of the next line on an object store."""
        self.lines.append(line)
        self._count(line)
        self._file.append((json.dumps(line) + "\n").encode())
        if self._events:
            for name in line.keys() - _NOT_CURVES:
                self._events.add_scalar(name, line[name], line["step"])

    def flush(self) -> None:
        """Make all lines outlive the loss of this machine; called before a checkpoint vouches for their steps."""
        self._file.flush()
        if self._events:
            self._events.flush()

    def finish(self) -> None:
        """Leave one file with all lines, whatever the file system. Nothing can be added afterwards."""
        self.flush()
        self._file.finish()

    def close(self) -> None:
        """Nothing can be added afterwards; what was added before is as it is."""
        self._file.close()

    def forget(self) -> None:
        """Keep the lines so far in the file only, not in memory."""
        self.lines.clear()

    def mean(self, name: str) -> float:
        """Mean of a measurement over all lines that have it; 0 where none has."""
        return self._sums[name] / max(1, self._counts[name])

    def _count(self, line: dict[str, Any]) -> None:
        for name, value in line.items():
            if name != "note":
                self._sums[name] += value
                self._counts[name] += 1


class _Appended:
    """metrics.jsonl on a disk."""

    def __init__(self, folder: Storage, kept: list[bytes]) -> None:
        self.path = folder.path(FILE)
        # A new file: a worker that was given up for lost but still runs appends to the old one, which nobody reads.
        folder.write_bytes(FILE, b"".join(kept))
        with self._or_say_why():
            self._file: IO[bytes] = open(self.path, "ab")  # noqa: SIM115  # until `close`
        self._synced_at = time.monotonic()

    @contextmanager
    def _or_say_why(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(f"{self.path}: cannot be written ({one_line(error)})") from None

    def append(self, line: bytes) -> None:
        with self._or_say_why():
            self._file.write(line)
            self._file.flush()
        if time.monotonic() - self._synced_at > UPLOAD_SECONDS:
            self.flush()  # on NFS, other nodes see only what was synchronized

    def flush(self) -> None:
        with self._or_say_why():
            os.fsync(self._file.fileno())
        self._synced_at = time.monotonic()

    def finish(self) -> None:
        self.close()

    def close(self) -> None:
        with self._or_say_why():
            self._file.close()


class _Chunks:
    """The same on an object store: objects are written whole."""

    def __init__(self, folder: Storage, kept: list[bytes]) -> None:
        self.folder = folder
        self._number, self._last = 0, list[bytes]()
        self._is_uploaded, self._uploaded_at = True, time.monotonic()
        # In this order a kill at any moment leaves all kept lines: full chunks do not change, metrics.jsonl goes last.
        for line in kept:
            self._add(line)
        self._upload()
        for name in reversed(folder.files(CHUNKS)):
            if name > chunk_file(self._number) or not kept:
                folder.remove(name)
        folder.remove(FILE)

    def _add(self, line: bytes) -> None:
        if len(self._last) == CHUNK_LINES:
            self._upload()
            self._number, self._last = self._number + 1, []
        self._last.append(line)
        self._is_uploaded = False

    def append(self, line: bytes) -> None:
        self._add(line)
        if time.monotonic() - self._uploaded_at > UPLOAD_SECONDS:
            self._upload()

    def flush(self) -> None:
        self._upload()

    def _upload(self) -> None:
        if not self._is_uploaded:
            self.folder.write_bytes(chunk_file(self._number), b"".join(self._last))
            self._is_uploaded, self._uploaded_at = True, time.monotonic()

    def finish(self) -> None:
        with self.folder.writing(FILE) as file:
            for name in self.folder.files(CHUNKS):
                file.write(self.folder.read_bytes(name))
        for name in reversed(self.folder.files(CHUNKS)):
            self.folder.remove(name)

    def close(self) -> None:
        pass


def _lines_until(folder: Storage, step: int) -> Iterator[bytes]:
    """The lines up to a step that an earlier start wrote, with their ends.

    Later ones are left out, and a line that a kill cut short: it is later than the checkpoint.

    Raises:
        LogpolarError: a line before one of them is not JSON.
    """
    # Where both are there, a kill came while chunks were joined or divided; metrics.jsonl has all lines then.
    names = [FILE] if folder.exists(FILE) else folder.files(CHUNKS)
    damaged = None
    for name in names:
        for number, line in enumerate(folder.read_bytes(name).splitlines(keepends=True), 1):
            try:
                is_kept = json.loads(line)["step"] <= step
            except (ValueError, TypeError, KeyError):
                damaged = damaged or f"{folder.path(name)}, line {number}"
                continue
            if is_kept:
                check(
                    damaged is None,
                    f"{damaged} is not an object of JSON with a step; remove or repair the line",
                    DataError,
                )
                yield line.rstrip(b"\r\n") + b"\n"


def check_tensorboard(run: Storage) -> None:
    """Refuse `train.tensorboard` where it cannot work.

    Raises:
        LogpolarError: its package is missing, or the run is not on a disk.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise SettingError(
            "train.tensorboard is on, but the package tensorboard is not installed; install it, or leave it off"
        )
    check(run.is_local, f"train.tensorboard is on, but {run} is not a folder of a disk; leave the setting off")
