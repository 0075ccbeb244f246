"""Damage as disks and networks do it, and as people who mean harm might."""

from __future__ import annotations

import numpy as np


def mutated(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A file with flipped bits, another length, or parts of itself or of another file in the wrong place."""
    kind = rng.integers(5)
    if kind == 0:
        return data[: rng.integers(len(data))]
    if kind == 1:  # bits anywhere
        return _flipped(data, rng.integers(0, len(data), rng.integers(1, 20)), rng)
    if kind == 2:  # bits of the headers, which decide most
        return _flipped(data, rng.integers(0, min(700, len(data)), rng.integers(1, 6)), rng)
    start, stop = np.sort(rng.integers(0, len(data), 2))
    if kind == 3:  # a part of another file
        first = rng.integers(0, len(other))
        return data[:start] + other[first : first + stop - start] + data[stop:]
    return data[:stop] + data[start:]  # a part twice


def overwritten(data: bytes, count: int, rng: np.random.Generator) -> bytes:
    """A file with random values at some places."""
    changed = bytearray(data)
    for at in rng.integers(0, len(data), count):
        changed[at] = rng.integers(256)
    return bytes(changed)


def _flipped(data: bytes, places: np.ndarray, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for at in places:
        changed[at] ^= 1 << int(rng.integers(8))
    return bytes(changed)
