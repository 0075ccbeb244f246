"""Many pieces of work as Ray tasks: a bounded number in flight, lost ones repeated, the first error told plainly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from lp_core.config import SettingError
from tasks.cluster import Cluster

Result = TypeVar("Result")
RETRIES = 5


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
        SettingError: what a piece raised, or a line about its failure.
    """
    import ray

    remote = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=RETRIES)(function)
    waiting = iter(pieces)
    running = [remote.remote(*piece) for piece in islice(waiting, cluster.tasks_at_once)]
    try:
        while running:
            done, running = ray.wait(running, num_returns=1)
            running += [remote.remote(*piece) for piece in islice(waiting, 1)]
            yield ray.get(done[0])
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, SettingError):
            raise SettingError(str(error.cause)) from None
        raise
    except ray.exceptions.WorkerCrashedError:
        raise SettingError(f"a task lost its worker {RETRIES + 1} times; is the machine out of memory?") from None
    finally:
        for reference in running:
            ray.cancel(reference)


def row_pieces(rows: Any, size: int) -> list[Any]:
    """Cut an array of row numbers into runs of at most `size`."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]
