"""Settings of the scan: how images are evaluated and searched for each channel's nine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lp_core.errors import check
from lp_core.settings.fields import Range, at_least, check_fields, placement, selection, setting

Control = Literal["none", "phase-scrambled", "rotated-basis", "random-fixations", "other-crop"]
OTHER_CROP = 0.85 / 0.875
"""Side of the crop of the control `other-crop`, as a share of the evaluation's. Source: the specification of the
measures, of an evaluation crop of 0.875."""
Maxima = Literal["auto", "always", "never"]
Automatic = Literal["auto"]


@dataclass(frozen=True, kw_only=True)
class ScanSettings:
    """How images are evaluated and searched for each channel's nine."""

    batch_size: int = setting(32, at_least(3))
    """Images per forward pass. Always filled up: an image's activations must not depend on its neighbours."""
    piece_rows: int = placement(512, at_least(1))
    """Rows per task, the unit of work that is repeated after a kill."""
    gpus_per_task: float | Automatic = placement(
        "auto", Range(low=0, words="auto, a share of a GPU such as 0.25, or 0 for none")
    )
    """Share of a GPU for each evaluation, scan and visualization task. `auto`: as many tasks share a GPU as its memory
    and the cores allow; none where the cluster has no GPU when the command begins."""
    split: str = selection("validation")
    """Split to scan; results of splits other than validation are written to `splits/<split>/`."""
    control: Control = selection("none")
    """A null that is scanned instead, into `controls/<control>/`: `phase-scrambled` photographs keep their spectrum and
    lose their edges; a `rotated-basis` mixes the channels of each layer by a random rotation; with `random-fixations`
    each photograph is looked at from another point than its middle; `other-crop` shows 0.97 of the side of the
    evaluation's crop, to see which of the nine would be found again."""
    checkpoints: str = selection("none")
    """Weights of epochs (train.keep-weights-every-epochs) that are scanned too: `none`, `all`, or epochs: `3,6`. Those
    of epoch 0, before the first step, are always kept."""
    maxima: Maxima = selection("auto")
    """Write the largest activation of every channel in every image, `maxima.npy`: 8 kB an image at full width. `auto`
    does where it takes less than 1 % of the free space of the run's disk, and always on object stores."""

    def __post_init__(self) -> None:
        check_fields(self, "scan")
        check(
            self.checkpoints in ("none", "all") or all(part.strip().isdigit() for part in self.checkpoints.split(",")),
            f"scan.checkpoints is '{self.checkpoints}'; give none, all or epochs such as 0,3,6",
        )
        check(
            isinstance(self.gpus_per_task, str) or self.gpus_per_task <= 1 or float(self.gpus_per_task).is_integer(),
            f"scan.gpus-per-task is {self.gpus_per_task}; Ray shares one GPU, or gives whole ones: give 0 to 1, or a "
            "whole number",
        )
