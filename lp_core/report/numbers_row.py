"""A row of a table of numbers with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """A number and its interval in words; dashes for what has no value."""

    value: str
    interval: str


@dataclass(frozen=True)
class NumbersRow:
    """What one row is about, and its cells by the heading of the column."""

    title: str
    cells: Mapping[str, Cell]
