"""Names for values and files that change when, and only when, their content does."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def fingerprint(value: Any) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of a value's canonical JSON.

    Raises:
        TypeError: the value, or a part of it, has no stable JSON form.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def checksum(data: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
