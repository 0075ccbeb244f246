"""Whether a file can be a row of a data set. What cannot is quarantined by name and reason, never dropped silently."""

from __future__ import annotations

from collections.abc import Sequence

from lp_core.errors import DataError
from lp_core.images.decode import MAX_PIXELS, ImageError, decode_rgb, image_size
from lp_core.indexing.collection import Quarantined

MAX_FILE_BYTES = 64 * 2**20
"""Largest encoded image taken; ImageNet's largest has 15 MB. It bounds the memory of whoever reads a row group."""


def why_unusable(data: bytes | None, decode: bool = False) -> str | None:
    """Why an encoded image is not usable; None if nothing is wrong with it.

    Args:
        data: the whole file; None where a table has no bytes.
        decode: decode all of it, too; else only its header is read.
    """
    if not data:
        return "the file is empty"
    if len(data) > MAX_FILE_BYTES:
        return f"{len(data)} bytes are more than the limit of {MAX_FILE_BYTES}"
    try:
        height, width = image_size(data)
        if height * width > MAX_PIXELS:
            return f"{width} x {height} px is more than the limit of {MAX_PIXELS} px"
        if height * width == 0:
            return f"its header states {width} x {height} px"
        if decode:
            decode_rgb(data)
    except ImageError as error:
        return str(error)
    return None


def check_quarantined_share(quarantined: Sequence[Quarantined], rows: int, share: float) -> None:
    """Stop where so many files are unusable that the collection itself may be wrong.

    Raises:
        DataError: more than `share` of all files found are quarantined; the message names some.
    """
    files = rows + len(quarantined)
    if len(quarantined) > share * files:
        raise DataError(
            f"{len(quarantined)} of {files} files are unusable, more than the share of {share:g} allowed by "
            f"max-quarantined{first_reasons(quarantined)}"
        )


def first_reasons(quarantined: Sequence[Quarantined]) -> str:
    """The first files that are left out, with their reasons, in brackets; nothing if there are none."""
    shown = "; ".join(f"{entry.where}: {entry.reason}" for entry in quarantined[:3])
    more = f"; and {len(quarantined) - 3} more" if len(quarantined) > 3 else ""
    return f" ({shown}{more})" if quarantined else ""
