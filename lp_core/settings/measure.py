"""Settings of the measures: how finely chance is sampled, and what else images are compared by."""

from __future__ import annotations

from dataclasses import dataclass

from lp_core.errors import check
from lp_core.settings.fields import at_least, check_fields, selection, setting


@dataclass(frozen=True, kw_only=True)
class MeasureSettings:
    """How the paper's sentences are turned into numbers."""

    samples: int = setting(1000, at_least(19))
    """Samples of the null distribution of grouping; p-values of layers are at least 1 / (samples + 1)."""
    lesion: bool = True
    """Evaluate the log-polar network with the fovea blanked, and with as much elsewhere: about eight evaluations."""
    embedding: str = ""
    """MODULE:FUNCTION that embeds images for the likeness E: uint8 [N, H, W, 3] to float32 [N, D]. Empty: left out."""
    evolution: bool = selection(False)
    """Measure when channels come to like the images that they like in the end, from the weights that the training kept
    (train.keep-weights-every-epochs)."""

    def __post_init__(self) -> None:
        check_fields(self, "measure")
        module, _, function = self.embedding.partition(":")
        check(
            not self.embedding or bool(module and function.isidentifier()),
            f"measure.embedding is '{self.embedding}'; give MODULE:FUNCTION",
        )
