"""Arrays about rows of a data set, computed piece by piece; a killed command repeats only what was in flight."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lp_core.errors import DataError
from lp_core.fingerprint import checksum
from lp_core.settings.scan import Automatic
from lp_core.storage import Storage
from tasks.pieces import Executor, row_pieces
from tasks.progress import Progress

Arrays = dict[str, np.ndarray]
"""By name; the first axis of each is the same images."""
Compute = Callable[[np.ndarray], Arrays]
"""From some of the rows to arrays: importable, or a `functools.partial` of what is."""


@dataclass(frozen=True)
class PieceFiles:
    """Where the arrays of the pieces are kept until all are there. Small and picklable: it travels to every task.

    Args:
        folder: URI of a folder that holds nothing else.
        name: fingerprint of everything that the arrays depend on, except the rows.
    """

    folder: str
    name: str

    def file(self, rows: np.ndarray) -> str:
        """Name of a piece's file, within `folder`."""
        return f"{self.name}-{checksum(rows.tobytes())[:16]}.npz"

    def read(self, rows: np.ndarray) -> Arrays | None:
        """Return the arrays of a finished piece; None if it is not finished."""
        try:
            with np.load(io.BytesIO(Storage(self.folder).read_bytes(self.file(rows)))) as file:
                return dict(file)
        except (OSError, ValueError, zipfile.BadZipFile):
            return None

    def write(self, rows: np.ndarray, arrays: Arrays) -> None:
        """Keep the arrays of a piece, whole or not at all."""
        data = io.BytesIO()
        np.savez(data, **arrays)  # type: ignore[arg-type]  # NumPy's stubs take the arrays for its option
        Storage(self.folder).write_bytes(self.file(rows), data.getvalue())

    def remove(self) -> None:
        """Remove all files, also those that other settings left: call it when the result is written."""
        Storage(self.folder).remove_folder()


def arrays_of_rows(
    executor: Executor,
    compute: Compute,
    rows: np.ndarray,
    files: PieceFiles,
    piece_rows: int,
    gpus: float | Automatic,
    title: str,
    unit: str = "images",
) -> Arrays:
    """Return what `compute` returns for all rows, in their order, whatever the pieces are.

    Args:
        executor: runs the pieces.
        compute: may leave rows out, such as those that cannot be decoded.
        rows: [n], or [n, k] with something more about each.
        files: of the pieces; they stay until `files.remove()`.
        piece_rows: rows of a piece.
        gpus: that each piece holds.
        title: of the progress shown.
        unit: what the rows are called there.

    Raises:
        LogpolarError: what a piece raised, or there are no rows, or a file vanished.
    """
    pieces = row_pieces(rows, piece_rows)
    if not pieces:
        raise DataError(f"{title}: there are no {unit}")
    kept = [files.read(piece) is not None for piece in pieces]
    todo = [(compute, files, piece) for piece, finished in zip(pieces, kept, strict=True) if not finished]
    with Progress(title, len(rows), unit) as progress:
        progress.already(len(rows) - sum(len(piece) for _, _, piece in todo))
        for images in executor.run(write_piece, todo, gpus) if todo else ():
            progress.advance(images)
    parts = [files.read(piece) for piece in pieces]
    whole = [part for part in parts if part is not None]
    if len(whole) < len(parts):
        raise DataError(f"{title}: {len(parts) - len(whole)} of {len(parts)} files vanished from {files.folder}; rerun")
    return {name: np.concatenate([part[name] for part in whole]) for name in whole[0]}


def write_piece(compute: Compute, files: PieceFiles, rows: np.ndarray) -> int:
    """Compute a piece and keep its arrays; return its number of rows."""
    files.write(rows, compute(rows))
    return len(rows)
