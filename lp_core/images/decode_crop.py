"""A photograph's bytes -> the pixels that a crop shows: those of `decode_rgb`, the rest left undecoded where possible.

A JPEG that is damaged below its crop is not noticed then; evaluations of the same photograph may notice it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lp_core.images.crop import Crop
from lp_core.images.decode import MAX_PIXELS, decode_rgb, image_size, is_usual_jpeg
from lp_core.images.region_decoder import region_decoder

LARGEST_PART = 0.9
"""Share of the photograph beyond which all of it is decoded. Our choice: little is saved there."""


def decode_crop(data: bytes, choose: Callable[[int, int], Crop], *, whole: bool = False) -> tuple[np.ndarray, Crop]:
    """Decode a photograph, or the part of it that a crop shows.

    Args:
        data: The whole file.
        choose: Gives the crop, inside the photograph, for a height and a width in px.
        whole: Decode all of it in any case.

    Returns:
        uint8 [H, W, 3] of the photograph or of a part, and the crop's place in it; pixels are those of `decode_rgb`.

    Raises:
        ImageError: As `decode_rgb`.
    """
    decoder = None if whole else region_decoder()
    if decoder is not None and is_usual_jpeg(data):
        height, width = image_size(data)
        if 0 < height * width <= MAX_PIXELS:
            crop = choose(height, width)
            top, left = math.floor(crop.top), math.floor(crop.left)
            bottom, right = math.ceil(crop.top + crop.height), math.ceil(crop.left + crop.width)
            if (bottom - top) * (right - left) <= LARGEST_PART * height * width:
                part_HWC = decoder(data, (top, left, bottom, right))
                if part_HWC is not None:
                    return part_HWC, replace(crop, top=crop.top - top, left=crop.left - left)
    image_HWC = decode_rgb(data)
    return image_HWC, choose(*image_HWC.shape[:2])
