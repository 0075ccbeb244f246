"""Standard output and error that cannot end a command: hours of work matter more than a line about them."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TextIO


class _Lasting(io.FileIO):
    """A file descriptor that takes everything, also after its reader is gone."""

    lost = False

    def write(self, data) -> int:
        if not self.lost:
            try:
                return super().write(data) or 0
            except OSError as error:
                self.lost = True
                # A pipe without a reader (`| head -1`) and a terminal that hung up have been left on purpose.
                if error.errno not in (errno.EPIPE, errno.EIO) and self.fileno() != 2:
                    print(f"logpolar: cannot print ({error.strerror}); the work continues", file=sys.stderr)
        return memoryview(data).nbytes


def make_lasting() -> None:
    """Replace standard output and error by streams on which printing never raises.

    Characters that the stream's encoding lacks are written as escapes such as `\\u65e5`, which say what was meant. A
    stream that was closed before the start, or is a test's own, is not a file: the first is opened on nothing, the
    second left alone.
    """
    for name in ("stdout", "stderr"):
        stream: TextIO | None = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
            continue
        if stream is not getattr(sys, f"__{name}__") or not isinstance(stream, io.TextIOWrapper):
            continue
        stream.flush()
        raw = _Lasting(stream.fileno(), "wb", closefd=False)
        lasting = io.TextIOWrapper(
            io.BufferedWriter(raw), stream.encoding, "backslashreplace", line_buffering=stream.line_buffering
        )
        setattr(sys, name, lasting)
