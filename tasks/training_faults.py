"""Rows that a training finds to be faulty: left out, described, recorded, and refused where they are too many."""

from __future__ import annotations

from collections.abc import Iterable

from lp_core.dataset.faulty_rows import FILE, Faulty, check_faulty_share, describe, record, recorded
from lp_core.dataset.feed import TrainingSplit, open_dataset, used_rows
from lp_core.settings import DataSettings
from lp_core.storage import Storage
from tasks.workers import Workers


class TrainingFaults:
    """Faulty rows of one network's training, the same on every worker after each `gather`.

    Args:
        data: the data set, and how many of its rows may be faulty.
        seed: of the run.
        folder: the view's folder in the run.
        workers: of the network.
    """

    def __init__(self, data: DataSettings, seed: int, folder: Storage, workers: Workers) -> None:
        self._data, self._folder, self._workers = data, folder, workers
        splits: tuple[TrainingSplit, ...] = ("train", "validation")
        self._used = {split: len(used_rows(data, split, seed)) for split in splits}
        self._undecodable: dict[TrainingSplit, set[int]] = {split: set() for split in splits}
        """Rows that this worker could not decode."""
        self._faulty: list[Faulty] = []
        """Rows that any worker could not decode, described."""

    def restore(self, is_resumed: bool) -> None:
        """Begin with the rows that an earlier start recorded, or remove what another training left behind."""
        if is_resumed:
            self._faulty = recorded(self._folder)
        elif self._workers.is_first:
            self._folder.remove(FILE)

    def note(self, split: TrainingSplit, rows: Iterable[int]) -> None:
        """Keep the numbers of rows that were left out of a batch, for the next `gather`."""
        self._undecodable[split].update(rows)

    def gather(self) -> None:
        """Describe and record the faulty rows that the workers have met.

        Raises:
            TooManyFaultyRows: on every worker.
        """
        dataset = open_dataset(self._data.path)
        for split, rows in self._workers.union(self._undecodable).items():
            new = rows - {row["row"] for row in self._faulty if row["split"] == split}
            if new:
                self._faulty += describe(dataset, split, new)
                if self._workers.is_first:
                    record(self._folder, self._faulty)
            check_faulty_share(self._faulty, split, self._used[split], self._data.max_quarantined)

    def facts(self) -> dict[str, int]:
        """For the manifest: how many images of each split were used, and how many rows were left out."""
        facts = {}
        for split, used in self._used.items():
            left_out = sum(row["split"] == split for row in self._faulty)
            facts[f"{split}_images"] = used - left_out
            facts[f"{split}_quarantined"] = left_out
        return facts
