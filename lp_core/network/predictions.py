"""Predictions of a network for every image: the rows behind accuracies, per class, and two networks compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from lp_core.network.accuracy import Counts, losses, ranks, wilson_interval

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Predictions:
    """Answers to some images of a split.

    Attributes:
        row_N: int64 [n] row numbers.
        label_N: int64 [n] true classes.
        predicted_N: int64 [n] classes of the highest logit.
        rank_N: int64 [n] number of classes before the true one; 0 is a top-1 hit, less than 5 a top-5 hit.
        loss_N: float64 [n] cross-entropies in nats.
    """

    row_N: np.ndarray
    label_N: np.ndarray
    predicted_N: np.ndarray
    rank_N: np.ndarray
    loss_N: np.ndarray

    @classmethod
    def of(cls, row_N: np.ndarray, logits_NC: Tensor, label_N: np.ndarray) -> Predictions:
        """What logits [n, classes] say of rows with the given labels.

        Raises:
            ValueError: a logit is NaN.
        """
        import torch  # here, because readers of tables need none

        label = torch.tensor(label_N, device=logits_NC.device)
        rank_N, loss_N = ranks(logits_NC, label), losses(logits_NC, label)
        # argmax may return any of several equal ones; the first is what a rank counts.
        highest_N = (logits_NC == logits_NC.amax(1, keepdim=True)).int().argmax(1)
        return cls(row_N, label_N, highest_N.cpu().numpy(), rank_N.cpu().numpy(), loss_N.cpu().numpy())

    @classmethod
    def joined(cls, parts: Sequence[Predictions]) -> Predictions:
        """All parts together, by ascending row."""
        none = np.zeros(0, np.int64)
        parts = parts or [cls(none, none, none, none, np.zeros(0))]
        columns = [np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)]
        order = np.argsort(columns[0], kind="stable")
        return cls(*(column[order] for column in columns))

    def counts(self) -> Counts:
        """The sums; that of losses does not depend on their order."""
        top1, top5 = int((self.rank_N < 1).sum()), int((self.rank_N < 5).sum())
        return Counts(len(self.row_N), top1, top5, math.fsum(self.loss_N.tolist()))

    def table(self, image_ids: Sequence[str]) -> pa.Table:
        """One row per image: row, image_id, label, predicted, rank, loss."""
        return pa.table(
            {
                "row": self.row_N,
                "image_id": list(image_ids),
                "label": self.label_N,
                "predicted": self.predicted_N,
                "rank": self.rank_N,
                "loss": self.loss_N,
            }
        )

    @classmethod
    def from_table(cls, table: pa.Table) -> Predictions:
        """The inverse of `table`."""
        return cls(*(table[name].to_numpy() for name in ("row", "label", "predicted", "rank", "loss")))

    def by_class(self, class_names: Sequence[str]) -> pa.Table:
        """One row per class, those without images included.

        Columns: `label`, `class_name`, `images`, `top1`, `top5` and `top1_low`, `top1_high` (Wilson's 95 % interval) in
        percent, `loss` (mean, in nats), `confused_with` (the class most often named instead; of equals the first) and
        `confused_images` (how often). What a class without images has no value for is null.
        """
        return pa.Table.from_pylist([self._class(label, class_names) for label in range(len(class_names))], _BY_CLASS)

    def _class(self, label: int, class_names: Sequence[str]) -> dict[str, Any]:
        mine = self.label_N == label
        images = int(mine.sum())
        line: dict[str, Any] = {"label": label, "class_name": class_names[label], "images": images}
        if not images:
            return line
        hits = int((self.rank_N[mine] < 1).sum())
        low, high = wilson_interval(hits, images)
        line |= {"top1": 100 * hits / images, "top1_low": 100 * low, "top1_high": 100 * high}
        line |= {"top5": 100 * float((self.rank_N[mine] < 5).mean()), "loss": float(self.loss_N[mine].mean())}
        named = np.bincount(self.predicted_N[mine & (self.predicted_N != label)], minlength=len(class_names))
        if named.any():
            line |= {"confused_with": class_names[int(named.argmax())], "confused_images": int(named.max())}
        return line


_BY_CLASS = pa.schema(
    [
        ("label", pa.int64()),
        ("class_name", pa.string()),
        ("images", pa.int64()),
        ("top1", pa.float64()),
        ("top1_low", pa.float64()),
        ("top1_high", pa.float64()),
        ("top5", pa.float64()),
        ("loss", pa.float64()),
        ("confused_with", pa.string()),
        ("confused_images", pa.int64()),
    ]
)


def comparison(a: Predictions, b: Predictions) -> dict[str, Any]:
    """Two networks on the same images, paired.

    Returns:
        `images`; for `top1` and `top5`: images that `both`, `only_a`, `only_b` and `neither` got right, `difference`
        (a's accuracy less b's in percentage points) and `p_value` of McNemar's test, which
        is about these two networks alone.

    Raises:
        ValueError: the images are not the same.
    """
    if not (np.array_equal(a.row_N, b.row_N) and np.array_equal(a.label_N, b.label_N)):
        raise ValueError("the two networks were not measured on the same images")
    result: dict[str, Any] = {"images": len(a.row_N)}
    for name, allowed in (("top1", 1), ("top5", 5)):
        hit_a, hit_b = a.rank_N < allowed, b.rank_N < allowed
        only_a, only_b = int((hit_a & ~hit_b).sum()), int((~hit_a & hit_b).sum())
        result[name] = {
            "both": int((hit_a & hit_b).sum()),
            "only_a": only_a,
            "only_b": only_b,
            "neither": int((~hit_a & ~hit_b).sum()),
            "difference": 100 * (only_a - only_b) / len(a.row_N),
            "p_value": mcnemar(only_a, only_b),
        }
    return result


def mcnemar(only_a: int, only_b: int) -> float:
    """Probability of a split at least this uneven if each discordant image were as likely either's: exact, two-sided.

    Args:
        only_a: images that the one alone got right.
        only_b: images that the other alone got right.

    Source: Q. McNemar 1947, with the binomial distribution instead of its chi-squared approximation.
    """
    discordant = only_a + only_b
    if only_a == only_b:
        return 1.0
    log_terms = [
        math.lgamma(discordant + 1) - math.lgamma(k + 1) - math.lgamma(discordant - k + 1)
        for k in range(min(only_a, only_b) + 1)
    ]
    largest = max(log_terms)
    total = math.fsum(math.exp(term - largest) for term in log_terms)
    return min(1.0, 2 * math.exp(largest - discordant * math.log(2)) * total)
