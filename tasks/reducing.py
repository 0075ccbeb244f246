"""Ray tasks that join what the pieces of a scan found, a few files each, until few enough are left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lp_core.errors import DataError
from lp_core.fingerprint import fingerprint
from lp_core.storage import Storage
from tasks.pieces import run_pieces
from tasks.progress import Progress

if TYPE_CHECKING:
    from lp_core.exemplars.findings import Findings
    from tasks.cluster import Cluster

GROUP = 16
"""Files that one task joins. Whatever it is, the result has the same bytes: joining is associative."""


def reduce_files(folder: Storage, files: list[str], cluster: Cluster, title: str, group: int = GROUP) -> list[str]:
    """Return names of at most `group` files that hold together what the given ones hold.

    Joined files are named by what they are made of, so a killed reduce goes on where it stopped. Nobody holds more than
    two findings in memory.

    Args:
        folder: where the files are.
        files: findings of a scan, each image in one of them.
        cluster: the connected cluster.
        title: of the progress that is told.
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
            for _ in run_pieces(join_files, pieces, cluster):
                progress.advance(1)
        files = joined
    return files


def join_files(folder: str, files: tuple[str, ...], target: str) -> None:
    """Join the findings in some files into one."""
    Storage(folder).write_bytes(target, read_joined(Storage(folder), files).to_bytes())


def read_joined(folder: Storage, files: tuple[str, ...] | list[str]) -> Findings:
    """What some files hold together, read one after the other.

    Raises:
        DataError: a file is damaged.
    """
    from lp_core.exemplars.findings import Findings, join

    found: Findings | None = None
    for file in files:
        try:
            piece = Findings.from_bytes(folder.read_bytes(file))
        except (OSError, ValueError) as error:
            raise DataError(f"{folder.path(file)} cannot be read ({error}); remove it and scan again") from None
        found = piece if found is None else join(found, piece)
    assert found is not None
    return found
