"""The map stage: Ray Data reads, decodes, crops and warps; a training worker receives whole batches in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lp_core.dataset.feed import Batch, Feed, Reading
from lp_core.errors import InvariantError, LogpolarError
from tasks.blocks import ONE_ROW_A_BLOCK
from tasks.map_stage import arrays_of, decode, fetch

READ_ROWS = 1024
"""Images that one task reads at most: enough to pay for starting it."""
READ_BYTES = 40 * 2**20
"""Network inputs that one task makes, but at least a batch: Ray Data has room for the blocks of few large tasks, and
lets fewer readers work."""
ELASTIC_READERS = 2
"""Tasks at once that read for a worker which holds a CPU for them: one computes while the other's blocks travel."""
READINGS_AT_ONCE = 512
"""Tasks that one execution is planned for: short epochs share an execution, whose start costs about a second."""


def readings_of_training(feed: Feed, first_step: int, last_step: int, validate_after: set[int]) -> list[Reading]:
    """Return the readings of a training from one step to another, in order.

    Args:
        feed: whose training it is.
        first_step: the first step to take.
        last_step: one past the last.
        validate_after: steps after which the validation split is read.
    """
    rows = min(READ_ROWS, READ_BYTES // (3 * feed.geometry.size**2))
    steps_a_task = max(1, rows * feed.world // feed.batch_size)
    readings = []
    step = first_step
    while step < last_step:
        stop = min(last_step, step + steps_a_task, *(edge for edge in validate_after if edge > step))
        readings.append(Reading("train", step, stop))
        if stop in validate_after:
            readings += [Reading("validation", i, i + 1) for i in range(feed.validation_batches)]
        step = stop
    return readings


def stream(feed: Feed, readings: list[Reading], workers_hold_cpus: bool = False) -> Iterator[Batch]:
    """Yield the batches of all readings in order, read ahead by Ray Data's tasks.

    Args:
        feed: of this worker.
        readings: in order.
        workers_hold_cpus: whether a training worker without a GPU holds a CPU for its readers.

    Raises:
        LogpolarError: the rows that arrive are not those that were asked for.
    """
    for start in range(0, len(readings), READINGS_AT_ONCE):
        yield from _execution(feed, readings[start : start + READINGS_AT_ONCE], workers_hold_cpus)


def _execution(feed: Feed, readings: list[Reading], workers_hold_cpus: bool) -> Iterator[Batch]:
    import ray.data

    from tasks.pacing import Pace

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.memory_usage_poll_interval_s = None
    context.target_max_block_size = ONE_ROW_A_BLOCK
    context.execution_options.preserve_order = True
    context.custom_execution_callback_classes = [Pace]
    whole_blocks: dict[str, Any] = {"batch_size": None, "batch_format": "pyarrow"}
    data = (
        ray.data.from_items([0], override_num_blocks=1)
        .map_batches(
            fetch,  # type: ignore[arg-type]
            fn_kwargs={"feed": feed, "readings": readings},
            num_cpus=0,
            compute=ray.data.TaskPoolStrategy(size=1),
            label_selector={"ray.io/node-id": ray.get_runtime_context().get_node_id()},
            **whole_blocks,
        )
        .map_batches(decode, fn_kwargs={"feed": feed}, **whole_blocks, **_claims(workers_hold_cpus))  # type: ignore[arg-type]
    )
    blocks = data.iter_batches(prefetch_batches=1, **whole_blocks)
    try:
        yield from regroup(feed, readings, arrays_of(feed, blocks))
    except ray.exceptions.RayError as error:
        raise root_cause(error) from error


def _claims(workers_hold_cpus: bool) -> dict[str, Any]:
    """Return what a reading task claims: a CPU, unless the training worker holds one for it (`tasks/training.py`)."""
    import ray

    if not workers_hold_cpus or ray.get_gpu_ids():
        return {}
    return {"num_cpus": 0, "compute": ray.data.TaskPoolStrategy(size=ELASTIC_READERS)}


def root_cause(error: BaseException) -> BaseException:
    """Return the SettingError of a reading task, beneath the layers that Ray wraps it in; else the error itself."""
    import ray

    beneath: BaseException | None = error
    # Ray's wrapper is of the cause's type, too.
    while beneath is not None and (
        isinstance(beneath, ray.exceptions.RayError) or not isinstance(beneath, LogpolarError)
    ):
        beneath = getattr(beneath, "cause", None) or beneath.__cause__
    return type(beneath)(str(beneath)) if isinstance(beneath, LogpolarError) else error


def regroup(feed: Feed, readings: list[Reading], blocks: Iterator[dict[str, Any]]) -> Iterator[Batch]:
    """Cut blocks, which Ray Data glues and splits as it likes, back into batches."""
    waiting: list[dict[str, Any]] = []
    available = 0
    for reading in readings:
        for index in range(reading.first, reading.last):
            rows = feed.rows(reading.split, index)
            while available < len(rows):
                block = next(blocks, None)
                if block is None:
                    missing = len(rows) - available
                    raise InvariantError(f"{reading.split} batch {index}: Ray Data ended {missing} rows early")
                waiting.append(block)
                available += len(block["row"])
            parts, waiting = _take(waiting, len(rows))
            available -= len(rows)
            if not np.array_equal(parts["row"], rows):
                raise InvariantError(f"{reading.split} batch {index}: other rows arrived than were asked for")
            yield Batch(parts["image"], parts["label"], parts["row"], index)


def _take(blocks: list[dict[str, Any]], rows: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the first rows of some blocks, and the blocks that are left."""
    taken: list[dict[str, Any]] = []
    while blocks and rows > 0:
        block, *blocks = blocks
        count = len(block["row"])
        taken.append({name: column[:rows] for name, column in block.items()})
        if count > rows:
            blocks = [{name: column[rows:] for name, column in block.items()}, *blocks]
        rows -= min(rows, count)
    if len(taken) == 1:
        return taken[0], blocks
    empty = {"image": np.zeros((0, 1, 1, 3), np.uint8), "label": np.zeros(0, np.int64), "row": np.zeros(0, np.int64)}
    joined = {name: np.concatenate([part[name] for part in taken]) if taken else empty[name] for name in empty}
    return joined, blocks
