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
    patches: bool = False
    """Measure E also of squares of a half and a quarter of the crop's side, about what drives each of the nine of
    conv5_2: one gradient per exemplar. Needs an embedding."""
    rotated_basis: bool = selection(False)
    """Also scan the trained network with the channels of each layer mixed by a random rotation (one more scan): does
    grouping belong to channels, or to any direction of the layer?"""
    random_fixations: bool = selection(False)
    """Also scan the trained network with a random fixation in each photograph (one more scan): is the fovea strong
    because photographers put things in the middle?"""
    tolerance: bool = selection(False)
    """Measure how much accuracy is left while photographs are turned, scaled, shifted and masked."""
    tolerance_images: int = setting(5000, at_least(1))
    """Largest number of images in the tolerance test; both views get the same ones."""
    field_degrees: float | None = selection(
        None, Range(low=0, high=360, above=True, words="degrees of visual angle, more than 0, at most 360")
    )
    """Visual angle that the crop's side spans: figures of the tolerance test get axes in degrees, and a human line."""
    sanity: bool = selection(False)
    """Test whether pictures depend on the weights, and whether what they show drives the channel."""
    sanity_channels: int = setting(8, at_least(1))
    """Random channels of each of `sanity_layers` whose pictures are tested, of those that any image excites."""
    sanity_layers: tuple[str, ...] = ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_2")
    """Layers whose pictures are tested; `all` is every layer. Networks without one of these five have others unless
    layers are named: the last before each pool, or five over the depth."""
    evolution: bool = selection(False)
    """Measure at which epoch channels find the images that excite them most in the end, from the weights that the
    training kept (train.keep-weights-every-epochs)."""

    def __post_init__(self) -> None:
        check_fields(self, "measure")
        check(len(self.sanity_layers) > 0, "measure.sanity-layers is empty; give layers, or all")
        module, _, function = self.embedding.partition(":")
        check(
            not self.embedding or bool(module and function.isidentifier()),
            f"measure.embedding is '{self.embedding}'; give MODULE:FUNCTION",
        )
