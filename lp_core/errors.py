"""What a person must change, as an exception."""

from __future__ import annotations


class SettingError(ValueError):
    """A setting, file or row that a person must change; the message is one line that says which and how."""


def check(condition: bool, message: str) -> None:
    """Raise `SettingError(message)` unless the condition holds."""
    if not condition:
        raise SettingError(message)
