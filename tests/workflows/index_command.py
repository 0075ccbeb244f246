"""`logpolar index` with its options by name, whichever group of settings they are in."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from lp_core.indexing.settings import CollectionSettings, StorageSettings
from workflows import index as command


def index(source: str | Path, out: str | Path, *, address: str | None = None, **options: Any) -> None:
    """Index a collection; options are fields of the two groups of settings."""
    groups = [
        group(**{field.name: options.pop(field.name) for field in fields(group) if field.name in options})
        for group in (CollectionSettings, StorageSettings)
    ]
    assert not options, f"unknown options {options}"
    command.index(str(source), str(out), collection=groups[0], storage=groups[1], address=address)
