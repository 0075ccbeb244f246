"""One exemplar ready to be drawn, and the kinds of pictures that are drawn of it in each view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lp_core.exemplars import KEEP
from lp_core.network.receptive_field import Box
from lp_core.report.lettering import legible
from lp_core.report.picture import Picture
from lp_core.settings import Rule, ViewName

if TYPE_CHECKING:
    from lp_core.exemplars.field_measures import FieldMeasures

VIEW_TITLES: dict[ViewName, str] = {"cartesian": "ordinary view", "log_polar": "log-polar view"}
"""What a view is called in pictures."""
RULE_TITLES: dict[Rule, str] = {
    "guided": "guided backpropagation",
    "deconvnet": "deconvnet",
    "gradient": "plain gradient",
}
"""What a rule is called in pictures."""
PLACES = KEEP
"""Exemplars of a channel."""


@dataclass(frozen=True)
class Tile:
    """One of a channel's exemplars, ready to be drawn.

    Pictures are uint8 RGB, or RGBA with alpha 0 where there is nothing to show. They may have any size and are scaled
    as a whole; a feature and its patch should have the same.
    """

    rank: int
    """0 for the highest activation."""
    class_name: str
    activation: float
    feature: Picture
    """[h, w, 3 or 4]: guided backpropagation within the receptive field. Alpha 0: outside the image, in the padding."""
    patch: Picture
    """[h, w, 3 or 4]: the network's input within the receptive field. Alpha 0 as above."""
    mapped_feature: Picture | None = None
    """[h, w, 4]: the feature mapped back onto the whole photograph. Alpha 0: outside the receptive field's sector."""
    mapped_patch: Picture | None = None
    """[h, w, 4]: the patch mapped back onto the whole photograph. Alpha 0 as above."""
    effective: Box | None = None
    """The part of the receptive field that holds 95 % of the gradient's energy, in px of the network input."""
    measures: FieldMeasures | None = None
    """Numbers about the gradient and the patch."""
    wnid: str | None = None
    """WordNet's number of the class; stands in pictures where no font has all letters of the name."""

    @property
    def caption(self) -> str:
        """The class as fonts of this machine can write it."""
        return legible(self.class_name, self.wnid)


@dataclass(frozen=True)
class Kind:
    """Pictures of one kind, nine of them in a block under a heading."""

    heading: str
    picture_of: Callable[[Tile], Picture | None]
    is_feature: bool
    is_mapped: bool = False


KINDS: dict[ViewName, tuple[Kind, ...]] = {
    "cartesian": (
        Kind("Feature", lambda tile: tile.feature, is_feature=True),
        Kind("Patch of the photograph", lambda tile: tile.patch, is_feature=False),
    ),
    "log_polar": (
        Kind("Feature, mapped back", lambda tile: tile.mapped_feature, is_feature=True, is_mapped=True),
        Kind("Patch, mapped back", lambda tile: tile.mapped_patch, is_feature=False, is_mapped=True),
        Kind("Feature, log-polar", lambda tile: tile.feature, is_feature=True),
        Kind("Patch, log-polar", lambda tile: tile.patch, is_feature=False),
    ),
}
"""Kinds of pictures in the order of the blocks: features left, their patches right, one pair below the other."""


def by_ranks(exemplars: Sequence[Tile], title: str = "") -> dict[int, Tile]:
    """Exemplars by rank, ascending.

    Raises:
        ValueError: two of one rank, or a rank outside 0..8.
    """
    ranked = {exemplar.rank: exemplar for exemplar in sorted(exemplars, key=lambda exemplar: exemplar.rank)}
    if len(ranked) < len(exemplars) or not set(ranked) <= set(range(PLACES)):
        raise ValueError(f"{title or 'panel'}: ranks are {[e.rank for e in exemplars]}; each of 0 to 8 at most once")
    return ranked
