"""Loss, accuracy and speed of a training since the last line of metrics.jsonl."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, TypeVar

import torch

from lp_core.network.accuracy import Counts
from lp_core.network.tally import Tally

Batch = TypeVar("Batch")


class Meter:
    """What this worker learned, and how long it waited for batches, since the last reset.

    Args:
        operations: of training with one image.
        peak: operations per second that the chips of all workers can do; 0 where that is not known.
        device: where this worker computes.

    Attributes:
        tally: of the steps, which is added to without waiting for the device.
    """

    def __init__(self, operations: float, peak: float, device: torch.device) -> None:
        self._operations, self._peak, self._device = operations, peak, device
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self.tally, self._waited, self._started = Tally.empty(self._device), 0.0, time.monotonic()

    def timed(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Yield the batches; the time spent waiting for them is measured."""
        while True:
            start = time.monotonic()
            batch = next(batches, None)
            self._waited += time.monotonic() - start
            if batch is None:
                return
            yield batch

    def line(self, counts: Counts, learning_rate: float) -> dict[str, Any]:
        """The measurements for metrics.jsonl.

        Args:
            counts: of all workers, at least one image.
            learning_rate: of the last step.

        Returns:
            `loss`, `top1`, `learning_rate`, `images_per_s`; `waiting_share`, the fraction of the time that was spent
            waiting for batches; `model_tflops`, model operations per second of all workers, in 10^12; and, where it is
            known what the chips can do, `peak_share`, the fraction of that.
        """
        seconds = max(1e-9, time.monotonic() - self._started)
        images_per_s = counts.images / seconds
        operations = images_per_s * self._operations
        line = {
            "loss": counts.loss_sum / counts.images,
            "top1": 100 * counts.top1 / counts.images,
            "learning_rate": learning_rate,
            "images_per_s": round(images_per_s, 1),
            "waiting_share": round(min(1.0, self._waited / seconds), 3),
            "model_tflops": round(operations / 1e12, 4),
        }
        return line | ({"peak_share": round(operations / self._peak, 4)} if self._peak else {})
