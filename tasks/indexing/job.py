"""One `index` command: what is made from what, and where its pieces of work run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from lp_core.indexing.collection import Collection
from lp_core.indexing.writing.stored_form import StoredForm
from lp_core.storage import Storage
from tasks.connection import connected
from tasks.pieces import Executor, InProcess, RayTasks
from tasks.preflight import check_storage
from tasks.progress import Progress

FEW = 4
"""Shards that are written in this process: starting Ray would take longer."""


@dataclass(frozen=True)
class Work:
    """Pieces of one kind of work.

    Attributes:
        title: what is done, for the progress bar.
        function: does one piece and returns its number of rows; importable on every node.
        pieces: arguments of each call that is left.
        total: rows of all pieces.
        already: rows of the pieces that an earlier start finished.
    """

    title: str
    function: Callable[..., int]
    pieces: list[tuple[Any, ...]]
    total: int
    already: int


@dataclass(frozen=True)
class IndexJob:
    """One `index` command.

    Attributes:
        source: what the collection's files are named relative to.
        out: the data set folder.
        collection: what the source holds.
        form: how photographs are stored.
        max_quarantined: share of the files found that may be unusable.
        address: of a running Ray cluster; None for this machine.
    """

    source: Storage
    out: Storage
    collection: Collection
    form: StoredForm
    max_quarantined: float
    address: str | None = None

    def run(self, work: Work, reads: Storage) -> None:
        """Do pieces of work: in this process if they are few, else as Ray tasks, which must see the folder `reads`."""
        with ExitStack() as stack:
            executor: Executor = InProcess()
            if len(work.pieces) > FEW or self.address is not None:
                cluster = stack.enter_context(connected(self.address))
                if not cluster.is_local:
                    check_storage(self.out, reads)
                executor = RayTasks(cluster)
            progress = stack.enter_context(Progress(work.title, work.total, "rows"))
            progress.already(work.already)
            for rows in executor.run(work.function, work.pieces):
                progress.advance(rows)
