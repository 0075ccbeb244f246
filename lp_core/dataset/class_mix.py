"""How well the order of training mixes classes: distinct classes in a batch, beside those in random order.

Shards that are stored by class, read within a small window, give batches of few classes. The order is computed from row
numbers and labels alone, so measuring reads no image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lp_core.dataset.order import EpochOrder, epoch_order
from lp_core.settings import DataSettings

BATCHES = 200
"""Batches measured, spread evenly over an epoch: our choice; the mean of 22 to 226 classes is then known within 1 %."""
WELL_MIXED = DataSettings.min_class_mix
"""Share of random order's classes below which batches are called poorly mixed: our choice. Sorted by class in row
groups of 100, ImageNet has 0.86 with the default lanes and window, 0.24 with recipe `imagenet`'s; in groups of 1,000,
0.41 and 0.10. Stored in random order it has 1.00 with both. Source: `class_mix` of 1,281,167 such labels."""
INDEXED_FOR = ((256, 16, 256), (256, 8, 8192))
"""Batch size, lanes and window that are measured when a data set is made: recipe `imagenet`'s, and the defaults."""


@dataclass(frozen=True)
class ClassMix:
    """Classes in a batch.

    Attributes:
        classes: mean number of distinct classes in a batch.
        random: its expectation where every order of the rows is equally likely.
    """

    classes: float
    random: float

    @property
    def of_random(self) -> float:
        """`classes` as a fraction of `random`; about 1 where rows are well mixed."""
        return self.classes / self.random if self.random else 1.0

    def __str__(self) -> str:
        return f"{self.classes:.0f} classes ({self.random:.0f} in random order)"


def class_mix(order: EpochOrder, labels: np.ndarray) -> ClassMix:
    """Measure an epoch.

    Args:
        order: of the epoch's rows.
        labels: int64 [rows of the split], by row number.
    """
    if order.steps == 0:
        return ClassMix(0.0, 0.0)
    steps = np.unique(np.linspace(0, order.steps - 1, BATCHES).round().astype(np.int64))
    batches = [labels[order.batch(step)] for step in steps.tolist()]
    rows_of_class = np.unique(labels[order.rows_N], return_counts=True)[1]
    random = {size: expected_classes(rows_of_class, size) for size in {len(batch) for batch in batches}}
    return ClassMix(
        float(np.mean([len(np.unique(batch)) for batch in batches])),
        float(np.mean([random[len(batch)] for batch in batches])),
    )


def expected_classes(rows_of_class: np.ndarray, batch: int) -> float:
    """Expected number of distinct classes among `batch` rows drawn without replacement.

    Args:
        rows_of_class: int [classes] rows of each class.
        batch: rows drawn, at most all.

    Source: a class of k among n rows is absent with probability C(n - k, batch) / C(n, batch) (hypergeometric).
    """
    rows = int(rows_of_class.sum())
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, rows + 1)))])
    others = rows - rows_of_class
    drawable = others >= batch
    left = others[drawable]
    absent = log_factorial[left] - log_factorial[left - batch] - log_factorial[rows] + log_factorial[rows - batch]
    return float(len(rows_of_class) - np.exp(absent).sum())


def mixing_window(mix: Callable[[int], ClassMix], rows: int, window: int, enough: float) -> int:
    """The first of `window` * 2, 4, 8 ... that mixes classes well enough; at last the whole split, in random order.

    Args:
        mix: the class mix of the first epoch, given a window.
        rows: of the split that are used.
        window: rows shuffled together, too few of them.
        enough: the fraction of random order's classes that is enough.
    """
    while window < rows:
        window *= 2
        if mix(window).of_random >= enough:
            break
    return window


def index_mixes(labels: np.ndarray, groups: np.ndarray) -> list[dict[str, Any]]:
    """What `manifest.json` says of a split: the mix with each of `INDEXED_FOR`, as plain values.

    Args:
        labels: int64 [n], by row number.
        groups: int [n], the row group of each row.
    """
    mixes = []
    for batch, lanes, window in INDEXED_FOR:
        mix = class_mix(epoch_order(np.arange(len(labels)), groups, 0, 0, batch, lanes, window), labels)
        about = {"batch_size": batch, "lanes": lanes, "shuffle_window": window}
        mixes.append({**about, "classes": round(mix.classes, 1), "random": round(mix.random, 1)})
    return mixes
