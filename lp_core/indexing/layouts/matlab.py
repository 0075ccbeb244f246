"""Struct arrays of MATLAB 5 files, as lists of dictionaries: enough for ImageNet's `meta.mat`, without SciPy.

Source: MathWorks, "MAT-File Format", level 5; compared with scipy.io in the tests.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

MAX_BYTES = 64 * 2**20
"""Largest variable unpacked; ImageNet's takes less than one megabyte."""
_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_STRUCT, _CHAR, _NUMBERS = 2, 4, range(6, 16)
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXT = {1: "latin-1", 2: "latin-1", 4: "utf-16-le", 16: "utf-8", 17: "utf-16-le"}


def read_structs(data: bytes, variable: str) -> list[dict[str, Any]]:
    """The elements of a struct array; text as str, arrays of numbers as they are stored, other types as None.

    Args:
        data: content of a MATLAB 5 file, little-endian.
        variable: name of the array.

    Raises:
        ValueError: the file is of another format or damaged, or has no such array.
    """
    if data[126:128] != b"IM":
        raise ValueError("not a little-endian MATLAB 5 file")
    try:
        for kind, content in _elements(data[_HEADER:]):
            if kind == _COMPRESSED:
                unpacker = zlib.decompressobj()
                content = unpacker.decompress(content, MAX_BYTES)
                if unpacker.unconsumed_tail:
                    raise ValueError(f"a variable of more than {MAX_BYTES} bytes")
                kind, content = next(_elements(content))
            if kind == _MATRIX:
                name, value = _matrix(content)
                if name == variable and isinstance(value, list):
                    return value
    except (struct.error, zlib.error, StopIteration, KeyError, IndexError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"damaged: {error}") from None
    raise ValueError(f"no struct array named {variable}")


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and content of the data elements that follow each other."""
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind >> 16:  # a small element: size and type share the first word, the content is the second
            yield kind & 0xFFFF, data[at + 4 : at + 4 + (kind >> 16)]
            at += 8
            continue
        if at + 8 + size > len(data):
            raise ValueError("cut short")
        yield kind, data[at + 8 : at + 8 + size]
        at += 8 + size + (-size % 8 if kind != _COMPRESSED else 0)


def _matrix(content: bytes) -> tuple[str, Any]:
    """Name and value of an array."""
    if not content:
        return "", None
    parts = _elements(content)
    flags, shape, name = next(parts)[1], next(parts)[1], next(parts)[1].decode("latin-1")
    kind = flags[0]
    if kind == _STRUCT:
        return name, _structs(parts, math.prod(struct.unpack(f"<{len(shape) // 4}i", shape)))
    if kind == _CHAR or kind in _NUMBERS:
        stored, values = next(parts, (2, b""))
        if kind == _CHAR:
            return name, values.decode(_TEXT[stored])
        return name, np.frombuffer(values, f"<{_TYPES[stored]}")
    return name, None


def _structs(parts: Iterator[tuple[int, bytes]], count: int) -> list[dict[str, Any]]:
    length = int.from_bytes(next(parts)[1], "little")
    names = next(parts)[1]
    fields = [names[at : at + length].split(b"\0")[0].decode("latin-1") for at in range(0, len(names), max(1, length))]
    structs = []
    for _ in range(count):
        structs.append({field: _matrix(next(parts)[1])[1] for field in fields})
    return structs
