"""The best exemplar of one channel at every checkpoint, side by side, as in Zeiler & Fergus 2014, figure 4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from lp_core.report.atlas import TILE
from lp_core.report.panel import Geometry, pictures
from lp_core.report.picture import PAPER, Picture
from lp_core.report.tile import KINDS, Tile
from lp_core.settings import ViewName

MOST_EPOCHS = 146
"""Tiles that WebP has room for in a row: 16,383 px."""


def evolution_strip(best: Sequence[Tile | None], view: ViewName) -> Picture:
    """Draw a channel's best exemplars by checkpoint from left to right, one row for each kind of picture of the view.

    All have one scale, as the nine of a panel have.

    Args:
        best: of every checkpoint; None where no image activates the channel, which stays white.
        view: decides the kinds of pictures.

    Returns:
        uint8 [TILE * kinds, TILE * checkpoints, 3].
    """
    drawn = Image.new("RGB", (TILE * len(best), TILE * len(KINDS[view])), PAPER)
    shown = {place: replace(tile, rank=place) for place, tile in enumerate(best) if tile is not None}
    for place, kind, picture in pictures(shown, view, Geometry(view, TILE)):
        drawn.paste(picture, (TILE * place, TILE * kind))
    return np.asarray(drawn)
