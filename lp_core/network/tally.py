"""Counts that are added up where the logits are: on a GPU nobody waits for them until a line is logged.

Reading a number from a GPU waits for everything that it was given before. A training step that reads its loss therefore
leaves the GPU idle while the next step is prepared.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from lp_core.network.accuracy import Counts, losses, places


class Failure(NamedTuple):
    """The first loss that was not a finite number."""

    step: int
    loss: float


@dataclass(frozen=True)
class Tally:
    """Counts of some images, and the first step that went wrong, as tensors on one device. Tallies add: `a + b`.

    Attributes:
        count_4: float64, images, top-1 hits, top-5 hits and the sum of the cross-entropies; whole numbers are exact.
        failure_2: float64, step and loss of the first loss that was not finite; an infinite step where all were.
    """

    count_4: Tensor
    failure_2: Tensor

    @classmethod
    def empty(cls, device: torch.device | str) -> Tally:
        """Return the tally of no images."""
        zero_4 = torch.zeros(4, dtype=torch.float64, device=device)
        return cls(zero_4, torch.full((2,), math.inf, dtype=torch.float64, device=device))

    @classmethod
    def of(cls, logits_NC: Tensor, label_N: Tensor, step: int, loss: Tensor | None = None) -> Tally:
        """Count a batch as `lp_core.network.accuracy.counts` does.

        Args:
            logits_NC: floating point [N, classes].
            label_N: int64 [N].
            step: that a failure is named by.
            loss: of the batch, []; not finite, it is a failure. Unless given, a logit that is NaN is one.
        """
        logits_NC = logits_NC.detach()
        rank_N = places(logits_NC, label_N)
        hits = [(rank_N < limit).sum().double() for limit in (1, 5)]
        images = torch.full((), len(label_N), dtype=torch.float64, device=logits_NC.device)
        watched = logits_NC.new_zeros(()).masked_fill(logits_NC.isnan().any(), math.nan) if loss is None else loss
        seen_2 = torch.stack([torch.full_like(images, step), watched.detach().double()])
        failure_2 = seen_2.where(~watched.isfinite(), torch.full_like(seen_2, math.inf))
        return cls(torch.stack([images, *hits, losses(logits_NC, label_N).sum()]), failure_2)

    def __add__(self, other: Tally) -> Tally:
        is_later = self.failure_2[0] <= other.failure_2[0]
        return Tally(self.count_4 + other.count_4, self.failure_2.where(is_later, other.failure_2))

    @property
    def number_6(self) -> Tensor:
        """All numbers in one tensor, float64 [6], to be copied or sent at once."""
        return torch.cat([self.count_4, self.failure_2])

    def read(self) -> tuple[Counts, Failure | None]:
        """Return the counts, and the failure if there was one; waits for the device."""
        return joined([self.number_6])


def joined(numbers: Iterable[Tensor]) -> tuple[Counts, Failure | None]:
    """Return what several workers counted together, from their `number_6`; of failures the one of the first step."""
    counts, failures = Counts(), []
    for images, top1, top5, loss_sum, step, loss in torch.stack(list(numbers)).tolist():
        counts += Counts(int(images), int(top1), int(top5), loss_sum)
        if math.isfinite(step):
            failures.append(Failure(int(step), loss))
    return counts, min(failures, key=lambda failure: failure.step, default=None)
