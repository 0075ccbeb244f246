"""What one network's training says of itself: lines of metrics.jsonl, and the seconds it has taken."""

from __future__ import annotations

from typing import Any

from lp_core.network.plateau import plateau_note
from lp_core.run.stage import Stopwatch
from lp_core.storage import Storage
from tasks.metrics_log import MetricsLog


class TrainingLog:
    """The log of a training. The first worker writes it; on the others every call but `seconds` does nothing.

    Args:
        folder: the view's folder in the run.
        steps_per_epoch: optimiser steps in an epoch.
        classes: number of classes.
    """

    def __init__(self, folder: Storage, steps_per_epoch: int, classes: int) -> None:
        self._folder, self._steps_per_epoch, self._classes = folder, steps_per_epoch, classes
        self._metrics: MetricsLog | None = None
        self._earlier_seconds = 0.0
        self._watch = Stopwatch()

    def open(self, step: int, tensorboard: bool) -> None:
        """Begin to write, on the first worker; `step`: of the checkpoint that the training resumes from, or 0."""
        self._metrics = MetricsLog(self._folder, step, tensorboard)

    def add_seconds(self, seconds: float) -> None:
        """Count the seconds that earlier starts took."""
        self._earlier_seconds = seconds

    @property
    def seconds(self) -> float:
        """Seconds spent on the training, those of earlier starts included."""
        return self._earlier_seconds + self._watch.seconds

    def note_damage(self, step: int, notes: list[str]) -> None:
        """Write what is wrong with checkpoints."""
        for note in notes:
            if self._metrics:
                self._metrics.write({"step": step, "note": note})

    def write(self, step: int, values: dict[str, Any]) -> None:
        """Add a line: steps taken, epochs (with their fraction), seconds, and the values."""
        if self._metrics:
            epoch = round(step / self._steps_per_epoch, 4)
            self._metrics.write({"step": step, "epoch": epoch, "seconds": round(self.seconds, 1), **values})

    def note_plateau(self, step: int) -> None:
        """Note at the end of an epoch that nothing was learned in it."""
        if self._metrics and step % self._steps_per_epoch == 0:
            note = plateau_note(self._metrics.lines, self._classes, step - self._steps_per_epoch, step)
            self._metrics.forget()  # the next epoch is judged by its own lines
            if note:
                self.write(step, {"note": f"step {step}: {note}"})

    def mean(self, name: str) -> float:
        """Mean of a measurement over all lines that have it; 0 where none has."""
        return self._metrics.mean(name) if self._metrics else 0.0

    def flush(self) -> None:
        """Make all lines outlive the loss of this machine."""
        if self._metrics:
            self._metrics.flush()

    def finish(self) -> None:
        """Leave one file with all lines."""
        if self._metrics:
            self._metrics.finish()

    def close(self) -> None:
        """Nothing can be added afterwards."""
        if self._metrics:
            self._metrics.close()
