"""The features of one channel in a strip, without patches: for the same units in another network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from lp_core.report.atlas import TILE
from lp_core.report.panel import Geometry, pictures
from lp_core.report.picture import PAPER, Picture
from lp_core.report.tile import KINDS, PLACES, Tile, by_ranks
from lp_core.settings import ViewName


def feature_strip(exemplars: Sequence[Tile], view: ViewName) -> Picture:
    """Draw the features of a channel's exemplars by rank, one row for each kind of feature that the view has.

    Args:
        exemplars: at most nine; places without one stay white.
        view: decides the kinds of pictures.

    Returns:
        uint8 [TILE * kinds of features, TILE * 9, 3].
    """
    features = [number for number, kind in enumerate(KINDS[view]) if kind.is_feature]
    drawn = Image.new("RGB", (TILE * PLACES, TILE * len(features)), PAPER)
    for rank, number, picture in pictures(by_ranks(exemplars), view, Geometry(view, TILE)):
        if number in features:
            drawn.paste(picture, (TILE * rank, TILE * features.index(number)))
    return np.asarray(drawn)
