"""The pictures of one exemplar while the network's weights become random, layer by layer, by every rule."""

from __future__ import annotations

import numpy as np
from PIL import Image

from lp_core.exemplars.cascade import depths
from lp_core.exemplars.contrast import gradient_picture
from lp_core.exemplars.crop import cut, inside
from lp_core.exemplars.field_measures import one_turn
from lp_core.exemplars.sanity import ChannelExemplars, ChannelSanity
from lp_core.network.layers import VGG_16, Architecture
from lp_core.report.picture import SOFT, Picture, Window, common_windows, fitted, hatch
from lp_core.report.sheet import Sheet
from lp_core.report.tile import RULE_TITLES

SIDE = 96
"""Of a picture in px; a picture of conv5_3 has 15 in a row. Our choice."""
_GAP, _HEAD, _NAME = 6, 22, 20
_ROW = _NAME + SIDE + _GAP


def cascade_size(layer: str, architecture: Architecture = VGG_16) -> tuple[int, int]:
    """Return width and height in px of the picture of a layer: patch, own weights, and one more for each layer."""
    return (depths(layer, architecture) + 2) * (SIDE + _GAP) + _GAP, _HEAD + len(RULE_TITLES) * _ROW


def cascade_picture(seen: ChannelExemplars, found: ChannelSanity, *, circular: bool = False) -> Picture:
    """Draw a row for each rule: the patch, the feature by the network's own weights, one for each layer randomised.

    Every feature is scaled by itself. Padding is hatched, and cut off but for a rim, as in panels.

    Args:
        seen: the exemplars of a channel; the first one is drawn.
        found: its tests.
        circular: the network takes rows as a circle.

    Returns:
        uint8 [h, w, 3] on white.
    """
    image_SRC = seen.image_NSRC[0]
    whole = seen.boxes[0]
    box = one_turn(whole, len(image_SRC))[0] if circular else whole
    on_image = inside(box, image_SRC.shape[:2], wraps=circular)
    patch = cut(image_SRC, box, wraps=circular)[0]
    [window] = common_windows([_with_alpha(patch, on_image)])
    random = list(seen.architecture.channels)[: seen.depth][::-1]
    titles = ["patch", "own weights", *(f"+ {layer}" if at else layer for at, layer in enumerate(random))]
    sheet = Sheet(cascade_size(seen.layer, seen.architecture), 1)
    for column, title in enumerate(titles):
        sheet.write((_left(column), _HEAD / 2), title, SOFT, size=12, width=SIDE)
    for row, (rule, gradients) in enumerate(found.cascade.items()):
        top = _HEAD + row * _ROW
        sheet.write((_left(0), top + _NAME / 2), RULE_TITLES[rule], size=12)
        for column, picture in enumerate([patch, *map(gradient_picture, gradients)]):
            sheet.image.paste(_tile(picture, on_image, window), (_left(column), top + _NAME))
    return np.asarray(sheet.image)


def _left(column: int) -> int:
    return _GAP + column * (SIDE + _GAP)


def _tile(picture: Picture, on_image: np.ndarray, window: Window) -> Image.Image:
    return fitted(_with_alpha(picture, on_image)[window], SIDE, hatch(SIDE, SIDE))


def _with_alpha(picture: Picture, on_image: np.ndarray) -> Picture:
    return np.concatenate([picture, on_image[..., None].astype(np.uint8) * 255], 2)
