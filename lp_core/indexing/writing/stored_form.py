"""How photographs are stored: unchanged, or made smaller where the disk or the decoder is the bottleneck."""

from __future__ import annotations

from dataclasses import dataclass

import cv2

from lp_core.errors import check
from lp_core.images.decode import decode_rgb, image_size

JPEG_QUALITY = 92
"""Of photographs that are made smaller. Our choice."""


@dataclass(frozen=True)
class StoredForm:
    """How photographs are stored: as they are, unless a side is given that they exceed.

    Args:
        max_side: longest side in px.
        short_side: shorter side in px.
        check: decode every photograph while indexing, rather than its header alone.
    """

    max_side: int | None = None
    short_side: int | None = None
    check: bool = False

    def __post_init__(self) -> None:
        check(self.max_side is None or self.short_side is None, "set max-side or short-side, not both")
        for name in ("max_side", "short_side"):
            side = getattr(self, name)
            check(side is None or side >= 32, f"{name.replace('_', '-')} is {side}; give at least 32")

    @property
    def resizes(self) -> bool:
        """Whether large photographs are made smaller."""
        return self.max_side is not None or self.short_side is not None

    def stored(self, data: bytes) -> bytes:
        """The bytes to be stored: unchanged where the photograph is small enough, else averaged over areas.

        Raises:
            ImageError: it must be made smaller and cannot be decoded.
        """
        if not self.resizes:
            return data
        height, width = image_size(data)
        scale = self.max_side / max(height, width) if self.max_side else (self.short_side or 0) / min(height, width)
        if scale >= 1:
            return data
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(decode_rgb(data), size, interpolation=cv2.INTER_AREA)
        done, encoded = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        assert done
        return encoded.tobytes()
