"""What an embedding must be: a vector for every image, a function of that image alone.

Shapes: N images, H W px, D dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lp_core.errors import SettingError, check

Embed = Callable[[np.ndarray], Any]
"""From uint8 images [N, H, W, 3] RGB to float32 [N, D]."""
TOLERANCE = 1e-3
"""Largest difference, as a share of the longest vector, between embeddings of an image in two batches. Source: our
choice; kernels that round differently stay far below it, and normalisation over the batch far above."""


def checked_embedding(result: Any, images: int, name: str) -> np.ndarray:
    """Return an embedding after checking its form, float32 [N, D].

    Args:
        result: what the embedding function returned.
        images: N.
        name: of the function, for messages.

    Raises:
        SettingError: it is no float32 array [N, D], or holds NaN or infinities.
    """
    if not isinstance(result, np.ndarray):
        raise SettingError(f"embedding {name}: the function returns a {type(result).__name__}; return a NumPy array")
    fits = result.dtype == np.float32 and result.ndim == 2 and len(result) == images and result.shape[1] >= 1
    check(
        fits,
        f"embedding {name}: the function returns {result.dtype} {list(result.shape)} for {images} images; "
        f"return float32 [{images}, D]",
    )
    bad_N = ~np.isfinite(result).all(1)
    check(
        not bad_N.any(),
        f"embedding {name}: the function returns NaN or infinity for {int(bad_N.sum())} of {images} images",
    )
    return result


def check_embedding_function(embed: Embed, size: int, batch_size: int, name: str) -> None:
    """Try an embedding function on seeded random images, and refuse one that measures cannot rest on.

    Args:
        embed: the function.
        size: side of the images in px.
        batch_size: images of each call, at least 4.
        name: of the function, for messages.

    Raises:
        SettingError: as `checked_embedding`; or an image's vector depends on the images beside it, or all images have
            one vector.
    """
    images_NHWC = np.random.default_rng(0).integers(0, 256, (batch_size, size, size, 3), np.uint8)
    others_NHWC = images_NHWC.copy()
    half = batch_size // 2
    others_NHWC[:half], others_NHWC[half:] = images_NHWC[half - 1 :: -1], 0
    first_ND = checked_embedding(embed(images_NHWC.copy()), batch_size, name)
    second_ND = checked_embedding(embed(others_NHWC), batch_size, name)
    check(
        first_ND.shape == second_ND.shape,
        f"embedding {name}: the function returns {first_ND.shape[1]} dimensions, then {second_ND.shape[1]}",
    )
    longest = float(np.linalg.norm(first_ND, axis=1).max())
    change = float(np.abs(second_ND[half - 1 :: -1] - first_ND[:half]).max())
    check(
        change <= TOLERANCE * longest,
        f"embedding {name}: an image's vector changes by {change:.2g} (the longest is {longest:.2g}) with the images "
        "beside it; a network must be in evaluation mode, and nothing may be normalised over the batch",
    )
    check(
        bool(np.abs(first_ND - first_ND[0]).max() > TOLERANCE * longest),
        f"embedding {name}: the function gives {batch_size} random images the same vector",
    )
