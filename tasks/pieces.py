"""Many pieces of work, and what runs them: Ray tasks, or this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar

import numpy as np

from lp_core.errors import ClusterError, LogpolarError
from lp_core.settings.scan import Automatic
from lp_core.storage import one_line
from tasks.cluster import Cluster

Result = TypeVar("Result")
RETRIES = 5
"""Times that a lost piece is repeated. Source: our choice."""
RECOUNT_SECONDS = 5.0
"""Between looks at the size of the cluster: nodes come and go while pieces are worked on."""


class Executor(Protocol):
    """Runs pieces of work."""

    def run(
        self, function: Callable[..., Result], pieces: Iterable[tuple[Any, ...]], gpus: float | Automatic = 0.0
    ) -> Iterator[Result]:
        """Yield the results of `function(*piece)` for all pieces, in the order in which they are finished.

        Args:
            function: importable; its arguments and result are small.
            pieces: arguments of each call.
            gpus: GPUs, or the fraction of one, that each call holds; `auto` leaves it to the executor.

        Raises:
            LogpolarError: what a piece raised, or a line about its failure.
        """
        ...


class InProcess:
    """Runs pieces in this process, one after the other."""

    def run(
        self, function: Callable[..., Result], pieces: Iterable[tuple[Any, ...]], gpus: float | Automatic = 0.0
    ) -> Iterator[Result]:
        """`Executor.run`; `gpus` has no meaning here."""
        for piece in pieces:
            yield function(*piece)


@dataclass(frozen=True)
class RayTasks:
    """Runs pieces as Ray tasks: a bounded number in flight, lost ones repeated.

    Args:
        cluster: the connected cluster; it decides how many run at once.
        share: gives what `auto` is of a GPU for each piece; asked when it is needed.
    """

    cluster: Cluster
    share: Callable[[], float] = lambda: 0.0

    def run(
        self, function: Callable[..., Result], pieces: Iterable[tuple[Any, ...]], gpus: float | Automatic = 0.0
    ) -> Iterator[Result]:
        """`Executor.run`; the function must be importable on every node."""
        import ray

        held = self.share() if gpus == "auto" else gpus
        remote = ray.remote(
            num_cpus=1, num_gpus=held, max_retries=RETRIES, max_calls=_pieces_of_a_process(held, self.cluster)
        )(function)
        waiting = iter(pieces)
        at_once, counted = self.cluster.tasks_at_once(), time.monotonic()
        running = [remote.remote(*piece) for piece in islice(waiting, at_once)]
        try:
            while running:
                done, running = ray.wait(running, num_returns=1)
                if time.monotonic() - counted > RECOUNT_SECONDS:
                    at_once, counted = self.cluster.tasks_at_once(), time.monotonic()
                running += [remote.remote(*piece) for piece in islice(waiting, max(0, at_once - len(running)))]
                yield ray.get(done[0])
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, LogpolarError):
                raise type(error.cause)(str(error.cause)) from None
            raise
        except ray.exceptions.RayError as error:
            why = f"{type(error).__name__}: {one_line(error)}"
            raise ClusterError(
                f"a task was lost {RETRIES + 1} times ({why}); where a machine is out of memory, give it fewer tasks. "
                "Rerun the command to resume"
            ) from None
        finally:
            for reference in running:
                ray.cancel(reference)


def _pieces_of_a_process(gpus: float, cluster: Cluster) -> int:
    """How many pieces a process works on before Ray ends it; 0 for no limit.

    Ray's default ends it after each piece that holds a GPU, with CUDA and the network in it. Where a node has several,
    it has to: a process that has used one of them would use it for pieces of the others, too.
    """
    return 1 if gpus and cluster.node_gpus > 1 else 0


def row_pieces(rows: np.ndarray, size: int) -> list[np.ndarray]:
    """Cut an array of row numbers into runs of at most `size`."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]
