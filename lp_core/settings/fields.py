"""How a settings field is declared: its default, the values it allows, and its role; and the check of all of them."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cache
from numbers import Integral, Real
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from lp_core.errors import check

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Range:
    """The numbers that a setting allows, and how a message names them.

    Args:
        low: smallest, allowed itself unless `above`.
        high: largest, allowed itself unless `below`.
        above: exclude `low`.
        below: exclude `high`.
        words: what to give, after "give".
    """

    low: float
    high: float = math.inf
    above: bool = False
    below: bool = False
    words: str

    def __contains__(self, value: float) -> bool:
        return (
            math.isfinite(value)
            and (value > self.low if self.above else value >= self.low)
            and (value < self.high if self.below else value <= self.high)
        )


def at_least(low: int) -> Range:
    """All numbers from `low`."""
    return Range(low=low, words="0 or more" if low == 0 else f"at least {low}")


SHARE = Range(low=0, high=1, words="a share, 0 <= share <= 1")
PROBABILITY = Range(low=0, high=1, words="a probability, 0 <= p <= 1")


def setting(default: T, allowed: Range) -> T:
    """A number that decides a result."""
    return _field(default, "result", allowed)


def placement(default: T, allowed: Range | None = None) -> T:
    """A setting that decides where, how often or how much is kept: it invalidates no finished stage."""
    return _field(default, "placement", allowed)


def selection(default: T, allowed: Range | None = None) -> T:
    """A setting that chooses which stages, or files of a stage, are made; none of them changes with the choice."""
    return _field(default, "selection", allowed)


def _field(default: T, role: str, allowed: Range | None) -> T:
    return dataclasses.field(default=default, metadata={"role": role, "allowed": allowed})


def option_of(field: dataclasses.Field[Any]) -> str:
    """The name of a field in config.json and, with dashes, on the command line."""
    return field.metadata.get("option", field.name)


def setting_name(*path: str) -> str:
    """The name of a setting, given by its section and option: `data.eval-crop`."""
    return ".".join(path).replace("_", "-")


def check_fields(settings: Any, section: str, declared: type | None = None) -> None:
    """Check every field of a settings dataclass against its type and range.

    Args:
        settings: instance of a settings dataclass.
        section: its name on the command line; empty for the recipe itself.
        declared: check the fields of this base class alone.

    Raises:
        SettingError: a value has another type, is none of the names, NaN, infinite or out of range.
    """
    kinds = _types(settings.__class__)
    for field in dataclasses.fields(declared or settings):
        kind = kinds[field.name]
        value = getattr(settings, field.name)
        name = setting_name(*([section] if section else []), option_of(field))
        allowed: Range | None = field.metadata.get("allowed")
        shown = " ".join(map(str, value)) if isinstance(value, tuple) else value
        words = allowed.words if allowed else _alternatives(kind)
        check(_fits(value, kind, allowed), f"{name} is {shown!s}; give {words}")


@cache
def _types(settings: type[Any]) -> dict[str, Any]:
    """The types of a class' fields."""
    return get_type_hints(settings)


def _fits(value: Any, kind: Any, allowed: Range | None) -> bool:
    """Whether a value is of an annotated type and, where it is a number, in the range."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(_fits(value, member, allowed) for member in arguments)
    if origin is Literal:
        return value in arguments
    if origin is tuple:
        members = arguments[:1] * len(value) if arguments[1:] == (...,) and isinstance(value, tuple) else arguments
        return (
            isinstance(value, tuple)
            and len(value) == len(members)
            and all(_fits(part, member, allowed) for part, member in zip(value, members, strict=True))
        )
    if kind in (int, float):
        is_number = isinstance(value, Integral if kind is int else Real) and not isinstance(value, bool)
        return is_number and (allowed is None or value in allowed)
    return isinstance(value, kind)


def _alternatives(kind: Any) -> str:
    """What to give for a type without a range."""
    if get_origin(kind) is tuple:
        return f"a tuple, each value {_alternatives(get_args(kind)[0])}"
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, get_args(kind)))}"
    return {str: "text", bool: "true or false"}.get(kind, f"{getattr(kind, '__name__', kind)}")
