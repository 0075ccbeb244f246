"""Settings of the data set: which photographs are used, and how they are cropped."""

from __future__ import annotations

from dataclasses import dataclass

from lp_core.errors import check
from lp_core.settings.fields import PROBABILITY, SHARE, Range, at_least, check_fields, placement, setting


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Which photographs are used, and how they are cropped."""

    path: str = placement("")
    """Data set folder, as `logpolar index` makes it (local path, s3:// or gs://)."""
    limit: int | None = setting(None, at_least(1))
    """Keep only the first N rows of each split after a seeded shuffle."""
    max_quarantined: float = placement(0.01, SHARE)
    """Share of a split's rows that may turn out undecodable after indexing; they are left out and named."""
    crop_scale: tuple[float, float] = setting(
        (0.08, 1.0), Range(low=0, above=True, high=1, words="two shares, 0 < low <= high <= 1")
    )
    """Training: share of the photograph's area that a random crop covers, smallest and largest."""
    crop_ratio: tuple[float, float] = setting(
        (3 / 4, 4 / 3), Range(low=0, above=True, words="two positive ratios, low <= high")
    )
    """Training: width / height of a random crop, smallest and largest."""
    flip: float = setting(0.5, PROBABILITY)
    """Training: probability of a mirror image (0 where left and right are different classes)."""
    random_masks: float = setting(0.0, PROBABILITY)
    """Training: probability of a window or a scotoma of random radius, drawn as in the tolerance test; what it hides
    shows the mean colour."""
    shuffle_labels: bool = False
    """Training: permute the labels among the images (a control: a network can only memorise them)."""
    eval_crop: float = setting(0.875, Range(low=0, above=True, high=1, words="a share, 0 < share <= 1"))
    """Evaluation: side of the centre crop as a share of the photograph's shorter side (224 / 256)."""
    lanes: int = setting(8, at_least(1))
    """Places of the training order that every batch draws from; the largest number of training workers."""
    shuffle_window: int = setting(8192, at_least(1))
    """Rows that are shuffled together within a lane; a larger window reads more row groups at once."""
    min_class_mix: float = placement(0.8, SHARE)
    """Fewest classes of a training batch, as a share of those in random order; shards stored by class have few."""

    def __post_init__(self) -> None:
        check_fields(self, "data")
        low, high = self.crop_scale
        check(low <= high, f"data.crop-scale is {low} {high}; give two shares, 0 < low <= high <= 1")
        low, high = self.crop_ratio
        check(low <= high, f"data.crop-ratio is {low} {high}; give two positive ratios, low <= high")
