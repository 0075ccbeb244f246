"""Reading the .npz files of a scan: whole, or refused in one line."""

from __future__ import annotations

import io
import zlib
from zipfile import BadZipFile

import numpy as np


def read_arrays(data: bytes, *, but: tuple[str, ...] = (), only: str = "") -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file by name; a damaged one is refused, also where only its content is damaged.

    Args:
        data: the file.
        but: names of arrays that are not read.
        only: name of the one array that is read; all if empty.

    Raises:
        ValueError: the file is damaged.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return {name: file[name] for name in file.files if name not in but and only in ("", name)}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error, AttributeError) as error:
        raise ValueError(f"damaged result of a scan ({type(error).__name__})") from None
