"""Memory for intermediate results, kept from image to image."""

from __future__ import annotations

import math
import threading

import numpy as np


class Scratch(threading.local):
    """One thread's named blocks of memory, each as large as the largest array asked for so far.

    The C library hands blocks of some 100 kB back to the system as soon as they are free, and fresh pages cost more
    than sampling an image: without this, the step from photograph to log-polar image takes up to three times as long
    (measured on a virtual machine, `benchmarks/input_chain.py`).
    """

    def __init__(self) -> None:
        self._blocks: dict[str, np.ndarray] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: type | np.dtype) -> np.ndarray:
        """An uninitialised array; valid until the next one of the same name is asked for in this thread."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        block = self._blocks.get(name)
        if block is None or block.size < size:
            block = self._blocks[name] = np.empty(size, np.uint8)
        return np.ndarray(shape, dtype, block)


scratch = Scratch()
