"""Parquet collections as people have them: shards with columns, class names and row groups of many kinds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.lp_core.indexing.imagenet_forms import jpeg


def features(image: str = "image", **labels: Sequence[str]) -> dict[str, str]:
    """Metadata as `datasets` writes it: a column of images, and columns of labels with the names of their classes."""
    described = {image: {"_type": "Image"}}
    described |= {name: {"names": list(names), "_type": "ClassLabel"} for name, names in labels.items()}
    return {"huggingface": json.dumps({"info": {"features": described}})}


def shard(
    folder: Path,
    labels: Sequence[int],
    names: Sequence[str] | None = None,
    split: str = "train",
    number: int = 0,
    count: int = 1,
    group_rows: int = 100,
    seed: int = 0,
    prefix: str = "",
) -> Path:
    """Write one shard of distinct photographs; return its path."""
    images = [
        {"bytes": jpeg(seed + row, size=(16, 16)), "path": f"{prefix}{split}{number}_{row}.jpg"}
        for row in range(len(labels))
    ]
    table = pa.table({"image": images, "label": pa.array(labels, pa.int64())})
    path = folder / "data" / f"{split}-{number:05d}-of-{count:05d}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        table.replace_schema_metadata(features(label=names) if names else None), path, row_group_size=group_rows
    )
    return path


def sorted_by_class(folder: Path, classes: int = 40, rows_of_class: int = 25, group_rows: int = 25) -> None:
    """A training split of two shards stored by class, and a small validation split."""
    labels = [label for label in range(classes) for _ in range(rows_of_class)]
    half = len(labels) // 2
    names = [f"class {label}" for label in range(classes)]
    for number, here in enumerate((labels[:half], labels[half:])):
        shard(folder, here, names, "train", number, 2, group_rows, seed=number * half)
    shard(folder, list(range(classes)), names, "validation", seed=len(labels))
