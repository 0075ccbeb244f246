"""The value of a setting from its text."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin


def parsed_value(kind: Any, text: str) -> Any:
    """Return the value of a type that a text spells.

    Members of a tuple are separated by spaces; `none` is None. Ranges are left to the settings.

    Args:
        kind: type of a setting: a number, text, bool, Literal, tuple, or a union of these.
        text: as a person writes it.

    Raises:
        ValueError: the text spells no value of this type.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _first_parsed(arguments, text)
    if origin is tuple:
        words = text.split()
        kinds = arguments[:1] * len(words) if arguments[1:] == (...,) else arguments
        return tuple(parsed_value(member, word) for member, word in zip(kinds, words, strict=True))
    if kind in (int, float, str):
        return kind(text)
    allowed = {bool: (True, False), NoneType: (None,)}.get(kind, arguments if origin is Literal else ())
    for value in allowed:
        if text == str(value) or (origin is not Literal and text.lower() == str(value).lower()):
            return value
    raise ValueError(f"'{text}' spells no {kind}")


def _first_parsed(kinds: tuple[Any, ...], text: str) -> Any:
    """The value of the first type that the text spells one of; None first, which text would hide."""
    for kind in sorted(kinds, key=lambda kind: kind is not NoneType):
        try:
            return parsed_value(kind, text)
        except ValueError:
            continue
    raise ValueError(f"'{text}' spells none of {kinds}")
