"""Loss and accuracy as counts that can be added up, in any order and over any number of workers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

_Z95 = 1.959963984540054
"""Half width of the central 95 % of a standard normal distribution. Source: its quantile function at 0.975."""


@dataclass(frozen=True)
class Counts:
    """Evaluation counts of some images. Counts of disjoint sets add: `a + b`."""

    images: int = 0
    top1: int = 0
    """Images whose class had the highest logit."""
    top5: int = 0
    """Images whose class was among the five highest (always, with five classes or fewer)."""
    loss_sum: float = 0.0
    """Sum of the images' cross-entropies in nats."""

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.images + other.images,
            self.top1 + other.top1,
            self.top5 + other.top5,
            self.loss_sum + other.loss_sum,
        )

    def summary(self) -> dict[str, Any]:
        """The contents of evaluation.json.

        Returns:
            `images`; `top1` and `top5` in percent, as in the paper's Table 1 (71.56, not 0.7156), as `unit` says;
            `loss`, the mean cross-entropy in nats; `top1_ci95` and `top5_ci95`, Wilson's 95 % intervals, in percent.

        Raises:
            ValueError: no image was counted.
        """
        if self.images == 0:
            raise ValueError("no image was counted, so there is no accuracy; is the validation split empty?")
        return {
            "images": self.images,
            "unit": "percent",
            "top1": 100 * self.top1 / self.images,
            "top5": 100 * self.top5 / self.images,
            "loss": self.loss_sum / self.images,
            "top1_ci95": [100 * end for end in wilson_interval(self.top1, self.images)],
            "top5_ci95": [100 * end for end in wilson_interval(self.top5, self.images)],
        }


def counts(logits_NC: Tensor, label_N: Tensor) -> Counts:
    """Count a batch.

    A class is ranked by the number of classes before it: those with a higher logit, and those of lower index with an
    equal one. So the result does not depend on how a kernel happens to order ties.

    Args:
        logits_NC: floating point [N, classes], any precision; the loss is computed in float64.
        label_N: int64 [N], 0 .. classes - 1.

    Raises:
        ValueError: a logit is NaN; no rank of its image would mean anything.
    """
    rank_N = ranks(logits_NC, label_N)
    loss = float(losses(logits_NC, label_N).sum())
    return Counts(len(label_N), int((rank_N < 1).sum()), int((rank_N < 5).sum()), loss)


def ranks(logits_NC: Tensor, label_N: Tensor) -> Tensor:
    """Number of classes before each image's own, int64 [N].

    Raises:
        ValueError: a logit is NaN.
    """
    import torch  # here, because readers of counts need none

    if torch.isnan(logits_NC).any():
        raise ValueError("a logit is NaN: the network has diverged; lower train.learning-rate")
    return places(logits_NC, label_N)


def places(logits_NC: Tensor, label_N: Tensor) -> Tensor:
    """The same without a look at the logits, which a GPU would have to be waited for; meaningless where one is NaN."""
    import torch  # here, because readers of counts need none

    logits_NC = logits_NC.detach().double()
    own_N1 = logits_NC.gather(1, label_N[:, None])
    index_C = torch.arange(logits_NC.shape[1], device=logits_NC.device)
    return ((logits_NC > own_N1) | ((logits_NC == own_N1) & (index_C < label_N[:, None]))).sum(1)


def losses(logits_NC: Tensor, label_N: Tensor) -> Tensor:
    """Cross-entropies in nats, float64 [N]."""
    import torch  # here, because readers of counts need none

    return torch.nn.functional.cross_entropy(logits_NC.detach().double(), label_N, reduction="none")


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a proportion, as fractions: it stays within [0, 1] and has a width even at 0 and 1.

    Source: E. B. Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    share = successes / trials
    widening = _Z95**2 / trials
    centre = (share + widening / 2) / (1 + widening)
    half = math.sqrt(widening * (share * (1 - share) + widening / 4)) / (1 + widening)
    # Rounding must not push the ends past what the formula gives exactly for none and for all.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == trials else centre + half
    return low, high
