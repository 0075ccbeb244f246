"""Settings of the measures: how finely chance is sampled, and what else images are compared by."""

from __future__ import annotations

from dataclasses import dataclass

from lp_core.errors import check
from lp_core.settings.fields import Range, at_least, check_fields, selection, setting


@dataclass(frozen=True, kw_only=True)
class MeasureSettings:
    """How the paper's sentences are turned into numbers."""

    samples: int = setting(1000, at_least(19))
    """Samples of the null distribution of grouping; p-values of layers are at least 1 / (samples + 1)."""
    lesion: bool = True
    """Evaluate the log-polar network with the fovea blanked, and with as much elsewhere: about eight evaluations."""
    embedding: str = ""
    """MODULE:FUNCTION that embeds images for the likeness E: uint8 [N, H, W, 3] to float32 [N, D]. Empty: left out."""
    tolerance: bool = selection(False)
    """Measure how much accuracy is left while photographs are turned, scaled, shifted and masked."""
    tolerance_images: int = setting(5000, at_least(1))
    """Images that are looked at under all conditions of the tolerance test, at most; the same in both views."""
    field_degrees: float | None = selection(
        None, Range(low=0, high=360, above=True, words="degrees of visual angle, more than 0, at most 360")
    )
    """Visual angle that the crop's side spans: figures of the tolerance test get axes in degrees, and a human line."""

    def __post_init__(self) -> None:
        check_fields(self, "measure")
        module, _, function = self.embedding.partition(":")
        check(
            not self.embedding or bool(module and function.isidentifier()),
            f"measure.embedding is '{self.embedding}'; give MODULE:FUNCTION",
        )
