"""The workers that train one network together: who this one is, and what they compute jointly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from lp_core.network.accuracy import Counts

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

    def sum(self, counts: Counts) -> Counts:
        """The sum of all workers' counts."""
        if self.world == 1:
            return counts
        import torch
        import torch.distributed

        numbers = torch.tensor(
            [counts.images, counts.top1, counts.top5, counts.loss_sum], dtype=torch.float64, device=self.device
        )
        torch.distributed.all_reduce(numbers)
        images, top1, top5, loss_sum = numbers.tolist()
        return Counts(int(images), int(top1), int(top5), loss_sum)

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
