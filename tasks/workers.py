"""The workers that train one network together: who this one is, and what they compute jointly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:  # the command itself needs no torch
    from lp_core.network.accuracy import Counts
    from lp_core.network.tally import Failure, Tally

Key = TypeVar("Key")


@dataclass(frozen=True)
class Workers:
    """A worker among those of its network. Every worker calls each method at the same point of the training.

    Args:
        rank: this worker, from 0.
        world: how many they are.
        device: where this worker computes.
    """

    rank: int
    world: int
    device: Any

    @property
    def is_first(self) -> bool:
        """Whether this worker writes the files of the training."""
        return self.rank == 0

    def sum(self, tally: Tally) -> tuple[Counts, Failure | None]:
        """The sum of all workers' counts, and the first failure of any; waits for the devices."""
        if self.world == 1:
            return tally.read()
        import torch
        import torch.distributed

        from lp_core.network.tally import joined

        mine = tally.number_6
        numbers = [torch.empty_like(mine) for _ in range(self.world)]
        torch.distributed.all_gather(numbers, mine)
        return joined(numbers)

    def union(self, rows: Mapping[Key, set[int]]) -> Mapping[Key, set[int]]:
        """The union of all workers' rows, by key."""
        if self.world == 1:
            return rows
        import torch.distributed

        gathered: list[Any] = [None] * self.world
        torch.distributed.all_gather_object(gathered, rows)
        return {key: set[int]().union(*(rows_of_worker[key] for rows_of_worker in gathered)) for key in rows}

    def wait_for_all(self) -> None:
        """Return when every worker has come here: none may leave while the first still writes."""
        if self.world > 1:
            import torch.distributed

            torch.distributed.barrier()
