"""metrics.jsonl of a view as it grows: each look reads only what is new."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import IO, Any

from lp_core.errors import LogpolarError
from lp_core.storage import Storage
from tasks.metrics_log import CHUNK_LINES, FILE, chunk_file


class MetricsReader:
    """The lines of a training, which another process writes.

    Args:
        folder: the view's folder in the run.
    """

    def __init__(self, folder: Storage) -> None:
        self._source: _File | _Chunks = _File(Path(folder.path(FILE))) if folder.is_local else _Chunks(folder)
        self._rest = b""

    def new_lines(self) -> list[dict[str, Any]]:
        """Lines that were completed since the last call.

        After the training was resumed, which drops lines, those from the first on; so a line may come twice. A folder
        that cannot be read now has no new lines.
        """
        try:
            data, is_continued = self._source.new_bytes()
        except (OSError, LogpolarError):
            return []
        *whole, self._rest = ((self._rest if is_continued else b"") + data).split(b"\n")
        lines = []
        for line in whole:
            try:
                lines.append(json.loads(line))
            except ValueError:
                continue  # the log itself refuses it when the training is resumed
        return lines

    def close(self) -> None:
        """Stop reading."""
        self._source.close()


class _File:
    """A file on a disk that grows, or that another takes the place of."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    def new_bytes(self) -> tuple[bytes, bool]:
        """What is new, and whether it continues what was read before."""
        is_continued = self._file is not None
        # The open file keeps its inode from being given to the one that takes its place.
        if self._file and not os.path.samestat(os.fstat(self._file.fileno()), self.path.stat()):
            self._file.close()
            self._file, is_continued = None, False
        if self._file is None:
            self._file = self.path.open("rb")
        return self._file.read(), is_continued

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()


class _Chunks:
    """Chunks in an object store; the last one grows."""

    def __init__(self, folder: Storage) -> None:
        self.folder = folder
        self._number, self._seen = 0, b""
        """The chunk that was read last, and its content."""

    def new_bytes(self) -> tuple[bytes, bool]:
        """What is new, and whether it continues what was read before."""
        is_continued = bool(self._seen)
        chunk = self._read(self._number)
        if not chunk.startswith(self._seen):
            # Cut back when the training was resumed, or joined at its end.
            is_continued, self._number, self._seen = False, 0, b""
            chunk = self._read(0)
        new = b""
        while True:
            new += chunk[len(self._seen) :]
            self._seen = chunk
            if chunk.count(b"\n") < CHUNK_LINES:
                break
            chunk = self._read(self._number + 1)
            if not chunk:
                break
            self._number, self._seen = self._number + 1, b""
        return new, is_continued

    def _read(self, number: int) -> bytes:
        try:
            return self.folder.read_bytes(chunk_file(number))
        except FileNotFoundError:
            # All chunks were joined where the first is gone.
            return self.folder.read_bytes(FILE) if number == 0 and self.folder.exists(FILE) else b""

    def close(self) -> None:
        """Nothing is open between calls."""
