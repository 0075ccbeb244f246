"""`logpolar index` with its options by name, and the rows that it made."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from lp_core.dataset.folder import DatasetFolder, SplitRows
from lp_core.indexing.settings import CollectionSettings, StorageSettings
from tests.lp_core.indexing.imagenet_forms import FORMS, WNIDS, Photo, jpeg
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


MANY_BAD = 0.5


def indexed(form: str, root: Path, **options: object) -> DatasetFolder:
    source, out = root / form, root / f"{form}-indexed"
    if not source.exists():
        FORMS[form](source)
    index(str(source), str(out), max_quarantined=MANY_BAD, **options)
    return DatasetFolder.open(str(out))


def many(count: int) -> tuple[Photo, ...]:
    data = [jpeg(seed, size=(16, 16)) for seed in range(5)]
    train = [Photo("train", f"{WNIDS[k % 3]}_{k}", WNIDS[k % 3], data[k % 5]) for k in range(count)]
    return (*train, Photo("validation", "ILSVRC2012_val_00000001", WNIDS[0], data[0]))


def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lp_core.indexing.writing.plan.GROUP_ROWS", 8)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
