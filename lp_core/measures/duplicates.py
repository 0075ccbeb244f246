"""Nearly equal photographs, which make nines look alike that are not: found by a hash of 64 bits.

Shapes: C channels, K places (nine), P pairs of places.
"""

from __future__ import annotations

import cv2
import numpy as np

from lp_core.measures.grouping import pairs_of

LUMA = np.array([299, 587, 114])
"""Weights of red, green and blue in thousandths. Source: ITU-R BT.601, as in JPEG."""
MOST_BITS = 10
"""Hashes that differ in at most so many bits are near-duplicates. Source: measured on 500 ImageNet
photographs: JPEG at quality 50 and half the size change at most 6 bits, cutting 2 % off every side at most 10 in 99 %
of cases; of 124,750 pairs of different photographs none differ in 10 or fewer, 7 in 12 or fewer."""


def difference_hash(image_HWC: np.ndarray) -> int:
    """Return 64 bits that say where a photograph grows brighter to the right; nearly equal ones share most of them.

    The photograph is averaged to 8 rows of 9 cells; each bit compares two neighbours. Size, compression and
    brightness hardly change it; a mirror image has another. Means are compared in whole numbers, so that cells of equal
    brightness never differ by rounding.

    Args:
        image_HWC: uint8 RGB [H, W, 3], at least 8 x 9 px.

    Raises:
        ValueError: another shape or type, or smaller.

    Source: N. Krawetz 2013, "Kind of Like That" (dHash).
    """
    if image_HWC.ndim != 3 or image_HWC.shape[2] != 3 or image_HWC.shape[0] < 8 or image_HWC.shape[1] < 9:
        raise ValueError(f"the photograph has shape {image_HWC.shape}; give [H, W, 3] of at least 8 x 9 px")
    if image_HWC.dtype != np.uint8:
        raise ValueError(f"the photograph holds {image_HWC.dtype}; give uint8")
    row = np.arange(9) * image_HWC.shape[0] // 8
    col = np.arange(10) * image_HWC.shape[1] // 9
    # OpenCV adds rows of bytes three times as fast as NumPy.
    bands = [cv2.reduce(image_HWC[row[i] : row[i + 1]], 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0] for i in range(8)]
    luma_89 = np.add.reduceat(np.stack(bands).astype(np.int64), col[:-1], 1) @ LUMA
    width = np.diff(col)
    bits = luma_89[:, 1:] * width[:-1] > luma_89[:, :-1] * width[1:]
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def different_pairs(hash_CK: np.ndarray, most_bits: int = MOST_BITS) -> np.ndarray:
    """Return bool [C, P]: pairs of images that are no near-duplicates, for `counted_CP` of the grouping measures.

    Args:
        hash_CK: uint64, `difference_hash` of the image at each place.
        most_bits: near-duplicates differ in at most so many of 64 bits.
    """
    hash_CK = np.asarray(hash_CK, np.uint64)
    return np.stack(
        [np.bitwise_count(hash_CK[:, i] ^ hash_CK[:, j]) > most_bits for i, j in pairs_of(hash_CK.shape[1])], 1
    )
