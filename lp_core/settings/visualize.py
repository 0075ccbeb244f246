"""Settings of the pictures: which channels are drawn, and how."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from lp_core.errors import check
from lp_core.settings.fields import at_least, check_fields, selection, setting

Rule = Literal["guided", "deconvnet", "gradient"]
Gallery = Literal["panels", "all"]
PanelFormat = Literal["png", "webp"]


@dataclass(frozen=True, kw_only=True)
class VisualizeSettings:
    """Which channels are drawn, and how; `logpolar visualize` also takes these without prefix: `--layers conv3_3`."""

    layers: tuple[str, ...] = ("conv5_2",)
    """Layers that get a panel of each of `channels`; `all` is every layer."""
    channels: str = "random:10"
    """`all`, `random:N` (seeded), or numbers separated by commas: `3,17`."""
    few: int = setting(3, at_least(0))
    """Random channels of every other layer that get a panel."""
    gallery: Gallery = "panels"
    """Channels in the report's gallery: those with panels, or every channel of every layer."""
    random_weights: bool = False
    """Also draw the units of channels with panels with the untrained network, for the gallery."""
    evolution: bool = selection(False)
    """Draw the best exemplar of every channel with a panel at each epoch whose weights were kept, for the gallery."""
    rule: Rule = "guided"
    """What a ReLU lets back: positive gradients where it was active (Springenberg et al.), positive gradients (Zeiler &
    Fergus), or all gradients where it was active."""
    format: PanelFormat = "png"
    """File format of panels; WebP is lossy, at a quarter of the size."""

    def __post_init__(self) -> None:
        check_fields(self, "visualize")
        word, _, count = self.channels.partition(":")
        near = difflib.get_close_matches(word, ("all", "random"), 1)
        hint = f"; did you mean {'random:10' if near == ['random'] else 'all'}?" if near else ""
        numbers = all(part.strip().isdecimal() for part in self.channels.split(","))
        check(
            self.channels == "all" or numbers or (word == "random" and count.isdecimal()),
            f"visualize.channels is '{self.channels}'{hint or '; give all, random:10 or numbers such as 3,17'}",
        )
