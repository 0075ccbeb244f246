"""metrics.jsonl of a view as a training writes it, and the same numbers for TensorBoard."""

from __future__ import annotations

import importlib.util
import json
import time
from typing import Any

from lp_core.errors import SettingError, check
from lp_core.settings import Recipe
from lp_core.storage import Storage

FILE = "metrics.jsonl"
FLUSH_SECONDS = 3.0
"""Between writings of the file, which is written whole."""
_NOT_CURVES = {"step", "epoch", "seconds", "note"}


class MetricsLog:
    """One line for every measurement and remark, each once, however often the training was interrupted.

    Args:
        folder: the view's folder in the run.
        step: steps of the checkpoint that the training goes on from; later lines of an earlier start are dropped.
        tensorboard: whether to write TensorBoard's files, too.
    """

    def __init__(self, folder: Storage, step: int, tensorboard: bool = False) -> None:
        self.folder = folder
        self.lines: list[dict[str, Any]] = []
        self._flushed = 0.0
        if step and folder.exists(FILE):
            lines = map(json.loads, folder.read_bytes(FILE).splitlines())
            self.lines = [line for line in lines if line["step"] <= step]
        self._events = None
        if tensorboard:
            from torch.utils.tensorboard import SummaryWriter

            self._events = SummaryWriter(folder.path("tensorboard"), purge_step=step + 1)

    def write(self, line: dict[str, Any]) -> None:
        """Add a line; it reaches the file within a few seconds, or with `flush`."""
        self.lines.append(line)
        if self._events:
            for name in line.keys() - _NOT_CURVES:
                self._events.add_scalar(name, line[name], line["step"])
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the file."""
        text = "".join(json.dumps(line) + "\n" for line in self.lines)
        self.folder.write_bytes(FILE, text.encode())
        if self._events:
            self._events.flush()
        self._flushed = time.monotonic()

    def mean(self, name: str) -> float:
        """Mean of a measurement over the lines that have it; 0 where none has."""
        values = [line[name] for line in self.lines if name in line]
        return sum(values) / max(1, len(values))


def check_tensorboard(recipe: Recipe, run: Storage) -> None:
    """Refuse TensorBoard where it cannot be.

    Raises:
        SettingError: it is asked for, and its package is missing or the run is not on a disk.
    """
    if not recipe.train.tensorboard:
        return
    if importlib.util.find_spec("tensorboard") is None:
        raise SettingError(
            "train.tensorboard is on, but the package tensorboard is not installed; install it, or leave it off"
        )
    check(run.is_local, f"train.tensorboard is on, but {run} is not a folder of a disk; leave the setting off")
