"""Many pieces of work as Ray tasks: a bounded number in flight, lost ones repeated, the first error told plainly."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from lp_core.errors import ClusterError, LogpolarError
from lp_core.storage import one_line
from tasks.cluster import Cluster

Result = TypeVar("Result")
RETRIES = 5
RECOUNT_SECONDS = 5.0
"""Between looks at the size of the cluster: nodes come and go while pieces are worked on."""


def run_pieces(
    function: Callable[..., Result], pieces: Iterable[tuple[Any, ...]], cluster: Cluster, gpus: float = 0.0
) -> Iterator[Result]:
    """Yield the results of `function(*piece)` for all pieces, in the order in which they are finished.

    Args:
        function: importable on every node; its arguments and result are small.
        pieces: arguments of each call.
        cluster: decides how many run at once.
        gpus: share of a GPU for each.

    Raises:
        LogpolarError: what a piece raised.
        ClusterError: a piece was lost again and again.
    """
    import ray

    remote = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=RETRIES)(function)
    waiting = iter(pieces)
    at_once, counted = cluster.tasks_at_once(), time.monotonic()
    running = [remote.remote(*piece) for piece in islice(waiting, at_once)]
    try:
        while running:
            done, running = ray.wait(running, num_returns=1)
            if time.monotonic() - counted > RECOUNT_SECONDS:
                at_once, counted = cluster.tasks_at_once(), time.monotonic()
            running += [remote.remote(*piece) for piece in islice(waiting, max(0, at_once - len(running)))]
            yield ray.get(done[0])
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, LogpolarError):
            raise error.cause from None
        raise
    except ray.exceptions.RayError as error:
        why = f"{type(error).__name__}: {one_line(error)}"
        raise ClusterError(
            f"a task was lost {RETRIES + 1} times ({why}); where a machine is out of memory, give it fewer tasks. "
            "Start it again and it goes on where it stopped"
        ) from None
    finally:
        for reference in running:
            ray.cancel(reference)


def row_pieces(rows: Any, size: int) -> list[Any]:
    """Cut an array of row numbers into runs of at most `size`."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]
