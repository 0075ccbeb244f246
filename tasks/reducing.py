"""Tasks that join what the pieces of a scan found, a few files each, until few enough are left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lp_core.errors import DataError
from lp_core.fingerprint import fingerprint
from lp_core.storage import Storage
from tasks.pieces import Executor
from tasks.progress import Progress

if TYPE_CHECKING:
    from lp_core.exemplars.scan_result import ScanResult

GROUP = 16
"""Files that one task joins. Whatever it is, the result has the same bytes: joining is associative."""


def reduce_files(folder: Storage, files: list[str], executor: Executor, title: str, group: int = GROUP) -> list[str]:
    """Return names of at most `group` files that hold together what the given ones hold.

    Joined files are named by what they are made of, so a killed reduce resumes. No process holds more
    than two results in memory.

    Args:
        folder: where the files are.
        files: results of a scan, each image in one of them.
        executor: runs the joins.
        title: of the progress shown.
        group: files that one task joins, at least 2.
    """
    while len(files) > group:
        groups = [tuple(files[start : start + group]) for start in range(0, len(files), group)]
        joined = [f"scan/joined-{fingerprint(list(members))}.npz" for members in groups]
        with Progress(title, len(groups), "groups of pieces") as progress:
            pieces = [
                (folder.uri, members, file)
                for members, file in zip(groups, joined, strict=True)
                if not folder.exists(file)
            ]
            progress.already(len(groups) - len(pieces))
            for _ in executor.run(join_files, pieces):
                progress.advance(1)
        files = joined
    return files


def join_files(folder: str, files: tuple[str, ...], target: str) -> None:
    """Join the results in some files into one."""
    Storage(folder).write_bytes(target, read_joined(Storage(folder), files).to_bytes())


def read_joined(folder: Storage, files: tuple[str, ...] | list[str]) -> ScanResult:
    """What some files hold together, read one after the other.

    Raises:
        LogpolarError: a file is damaged.
    """
    from lp_core.exemplars.scan_result import ScanResult, join_results

    joined: ScanResult | None = None
    for file in files:
        try:
            piece = ScanResult.from_bytes(folder.read_bytes(file))
        except (OSError, ValueError) as error:
            raise DataError(f"{folder.path(file)} cannot be read ({error}); remove it and scan again") from None
        joined = piece if joined is None else join_results(joined, piece)
    assert joined is not None
    return joined
