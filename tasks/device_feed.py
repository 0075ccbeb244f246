"""Batches on the device that trains: copied there ahead of the step that learns from them.

A GPU gets its images in three stages that overlap with earlier steps: a thread of its own waits for the reader and
copies each batch into pinned memory, a copy stream carries it to the device, and the step's stream waits for that copy
alone. Nothing of it waits in a training step. On a CPU batches pass through as they are.

Source: "Use pinned memory buffers" in CUDA semantics, docs.pytorch.org/docs/stable/notes/cuda.html.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from lp_core.network.inputs import as_tensor

if TYPE_CHECKING:
    from lp_core.dataset.feed import Batch

Item = TypeVar("Item")
Made = TypeVar("Made")
AHEAD = 2
"""Batches that are on the device, or on their way, before the step that needs them. Source: our choice; one is copied
while the step before it computes, the other hides a reader that is late once. 38 MB each at 256 images of 224 px."""
ENDING_SECONDS = 5.0
"""How long the thread is waited for when a training ends before its batches do; it may be waiting for a reader."""


@dataclass(frozen=True)
class DeviceBatch:
    """The usable rows of a batch, on the device that trains.

    Attributes:
        images_NSRC: uint8 [n, size, size, 3] RGB.
        labels_N: int64 [n].
        rows_N: int64 [n] row numbers.
        faulty_rows: numbers of the rows that were left out, because they cannot be decoded.
        index: global training step, or place of the batch in evaluation.
        arrived: what says that the copies are complete; None where nothing was copied.
    """

    images_NSRC: np.ndarray | Tensor
    labels_N: np.ndarray | Tensor
    rows_N: np.ndarray | Tensor
    faulty_rows: list[int]
    index: int
    arrived: Any = field(default=None, compare=False)

    @classmethod
    def of(cls, batch: Batch) -> DeviceBatch:
        """Return a batch for a device that reads the memory it is in."""
        usable = batch.usable
        return cls(usable.images_NSRC, usable.labels_N, usable.rows_N, batch.faulty_rows, batch.index)


class Copies(Protocol):
    """How batches come to a device."""

    def begin(self, batch: DeviceBatch) -> DeviceBatch:
        """Begin to copy a batch of arrays; return one of tensors. Called by the thread that reads."""
        ...

    def arrive(self, batch: DeviceBatch) -> None:
        """Make the steps that follow wait for the copy. Called by the thread that trains."""
        ...


class CudaCopies:
    """Copies through pinned memory, on a stream of their own.

    Args:
        device: a GPU.
        ahead: steps that may be waiting on the device; the training thread waits for the one before them.
    """

    def __init__(self, device: torch.device, ahead: int = AHEAD) -> None:
        self._device, self._ahead = device, ahead
        self._stream = torch.cuda.Stream(device)
        self._begun: deque[torch.cuda.Event] = deque()

    def begin(self, batch: DeviceBatch) -> DeviceBatch:
        """`Copies.begin`."""
        with torch.cuda.stream(self._stream):
            images, labels, rows = (
                as_tensor(array, self._device) for array in (batch.images_NSRC, batch.labels_N, batch.rows_N)
            )
            return DeviceBatch(images, labels, rows, batch.faulty_rows, batch.index, self._stream.record_event())

    def arrive(self, batch: DeviceBatch) -> None:
        """`Copies.arrive`; the device waits, and this thread only where it is more than `ahead` steps before it."""
        stream = torch.cuda.current_stream(self._device)
        self._begun.append(stream.record_event(torch.cuda.Event(blocking=True)))
        if len(self._begun) > self._ahead:
            self._begun.popleft().synchronize()
        stream.wait_event(batch.arrived)
        for tensor in (batch.images_NSRC, batch.labels_N, batch.rows_N):
            # Its memory belongs to the copy stream, which must not reuse it before the step has read it.
            tensor.record_stream(stream)  # type: ignore[union-attr]


def copies_to(device: torch.device) -> Copies | None:
    """Return how batches come to a device; None where they are there already."""
    return CudaCopies(device) if device.type == "cuda" else None


def fetched(batches: Iterator[Batch], copies: Copies | None, ahead: int = AHEAD) -> Iterator[DeviceBatch]:
    """Yield the usable rows of batches; time spent here is time spent waiting for readers.

    Args:
        batches: from the reader, in order.
        copies: to the device; with None, batches are made when they are asked for, in this thread.
        ahead: batches that are fetched before they are asked for.
    """
    ready = map(DeviceBatch.of, batches)
    return ready if copies is None else made_ahead(ready, copies.begin, ahead)


def delivered(batches: Iterator[DeviceBatch], copies: Copies | None) -> Generator[DeviceBatch, None, None]:
    """Yield fetched batches, each when the steps that follow may use it; time spent here is the device's.

    Closing it ends the thread that fetches.
    """
    for batch in batches:
        if copies is not None:
            copies.arrive(batch)
        yield batch


@dataclass(frozen=True)
class _Raised:
    """In place of an item: what its maker raised."""

    error: BaseException


_END = object()


def made_ahead(items: Iterator[Item], make: Callable[[Item], Made], ahead: int) -> Iterator[Made]:
    """Yield what is made of items, in order, made by a thread that is some items ahead.

    Args:
        items: taken from, and closed, by the thread alone.
        make: called by the thread.
        ahead: items that wait to be taken, at most; one more is being made.

    Raises:
        BaseException: what taking or making an item raised, once the items before it were yielded.
    """
    waiting: queue.Queue[Any] = queue.Queue(maxsize=ahead)
    ended = threading.Event()

    def put(value: object) -> bool:
        while not ended.is_set():
            with suppress(queue.Full):
                waiting.put(value, timeout=0.1)
                return True
        return False

    def work() -> None:
        last: object = _END
        try:
            for item in items:
                if not put(make(item)):
                    break
        except BaseException as error:  # is raised again where the items are used
            last = _Raised(error)
        finally:
            put(last)
            close = getattr(items, "close", None)
            if close is not None:
                close()

    thread = threading.Thread(target=work, name="batches ahead", daemon=True)
    thread.start()
    try:
        while (value := waiting.get()) is not _END:
            if isinstance(value, _Raised):
                raise value.error
            yield value
    finally:
        ended.set()
        thread.join(ENDING_SECONDS)
