"""`logpolar index` with its options by name, and the rows that it made."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from lp_core.dataset.folder import DatasetFolder, SplitRows
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


def image_ids(rows: SplitRows) -> list[str]:
    """Identities of all rows, by row number."""
    return [rows.image_id(row) for row in range(len(rows))]


def labelled_ids(data: DatasetFolder, split: str) -> list[tuple[str, int]]:
    """(image id, class index) of every row of a split, by row number."""
    rows = data.rows(split)
    return list(zip(image_ids(rows), rows.label.tolist(), strict=True))
