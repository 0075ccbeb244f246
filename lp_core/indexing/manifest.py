"""From the rows of shards to a data set folder: `rows/<split>.parquet`, then `manifest.json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from lp_core.dataset.class_mix import index_mixes
from lp_core.dataset.folder import FORMAT, SPLITS, SplitRows
from lp_core.dataset.shards import Columns
from lp_core.errors import DataError, check
from lp_core.fingerprint import checksum, fingerprint
from lp_core.indexing.class_list import named_classes
from lp_core.indexing.collection import Collection
from lp_core.indexing.quarantine import first_reasons
from lp_core.indexing.reading.shard_rows import ShardRows, read_shard_rows
from lp_core.indexing.row_table import numbered_rows, path_within, write_row_table
from lp_core.indexing.validation_split import rows_with_validation_split
from lp_core.storage import Storage


def write_dataset_folder(out: Storage, collection: Collection) -> dict[str, Any]:
    """Index Parquet shards in place, one after the other; return the manifest.

    Raises:
        LogpolarError: a shard cannot be read, or its rows cannot be told apart.
    """
    shards = {
        split: [read_shard_rows(path, collection.columns) for path in paths]
        for split, paths in collection.shards.items()
    }
    return write_manifest(out, collection, shards)


def write_manifest(out: Storage, collection: Collection, shards: dict[str, list[ShardRows]]) -> dict[str, Any]:
    """Number the rows and write `rows/<split>.parquet`, then `manifest.json`; return the manifest.

    Rows are numbered by ascending image id, so the numbers do not depend on the layout or on how it was read.

    Args:
        out: the folder to write.
        collection: its classes and what it left out go into the manifest.
        shards: all rows of each split.

    Raises:
        DataError: a split has no rows, labels below 0 or no class, or rows cannot be told apart.
    """
    if collection.validation_share:
        shards = rows_with_validation_split(shards, collection.validation_share)
    classes = [
        {"index": index, "wnid": named.wnid, "name": named.name}
        for index, named in enumerate(named_classes(collection.classes, shards))
    ]
    out.remove("manifest.json")  # the tables of rows are about to change
    splits: dict[str, Any] = {}
    content: dict[str, Any] = {}
    labels: dict[str, np.ndarray] = {}
    quarantined = list(collection.quarantined)
    for split in (name for name in SPLITS if name in shards):
        rows, left_out = numbered_rows(split, shards[split], out)
        quarantined += left_out
        reasons = first_reasons([entry for entry in quarantined if entry.split == split])
        first_shards = ", ".join(shard.path for shard in shards[split][:3])
        check(len(rows) > 0, f"split {split}: no rows in {first_shards}{reasons}", DataError)
        write_row_table(out, split, rows)
        identity = "\n".join(rows["image_id"].to_pylist()).encode()
        labels[split] = rows["label"].to_numpy()
        content[split] = checksum(identity + labels[split].tobytes())
        splits[split] = _about_split(split, SplitRows(rows), shards[split], out)
    if "train" in splits and (empty := _empty_classes(labels["train"], classes)):
        splits["train"]["empty_classes"] = empty
    if unlearned := _without_training(labels, classes):
        splits["validation"]["without_training"] = unlearned
    # The shards' checksums stand for the images: they change with every image's size and place.
    sums = [[shard["checksum"] for shard in split["shards"]] for split in splits.values()]
    manifest = {
        "format": FORMAT,
        "fingerprint": fingerprint([content, sums, classes]),
        "layout": collection.layout,
        "splits": splits,
        "classes": classes,
        **({"columns": asdict(collection.columns)} if collection.columns != Columns() else {}),
        "quarantined": [asdict(entry) for entry in quarantined],
    }
    out.write_json("manifest.json", manifest)
    return manifest


def _empty_classes(labels: np.ndarray, classes: list[dict[str, Any]]) -> dict[str, Any] | None:
    """How many classes have no photograph, and the first of them; None if there are none."""
    empty = sorted(set(range(len(classes))) - set(np.unique(labels).tolist()))
    return {"classes": len(empty), "first": classes[empty[0]]["name"]} if empty else None


def _without_training(labels: dict[str, np.ndarray], classes: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What validation has of classes of which training has no photograph; None if there are no such rows."""
    if not {"train", "validation"} <= set(labels):
        return None
    unknown = labels["validation"][~np.isin(labels["validation"], labels["train"])]
    if len(unknown) == 0:
        return None
    return {"rows": len(unknown), "classes": len(np.unique(unknown)), "first": classes[unknown.min()]["name"]}


def _about_split(split: str, rows: SplitRows, shards: list[ShardRows], out: Storage) -> dict[str, Any]:
    """The manifest's entry of a split."""
    about: dict[str, Any] = {"rows": len(rows), "shards": [_about_shard(shard, out) for shard in shards]}
    if largest := max(shard.largest_group for shard in shards):
        about["largest_group_bytes"] = largest
    if split == "train":
        about["class_mix"] = index_mixes(rows.label, rows.group)
    lowest = int(rows.label.min())
    check(lowest >= 0 or split == "test", f"split {split}: label {lowest}; labels must be 0 or more", DataError)
    return about


def _about_shard(shard: ShardRows, out: Storage) -> dict[str, Any]:
    return {
        "path": path_within(shard.path, out),
        "rows": int(shard.used.sum()),
        "row_groups": shard.group_rows,
        "checksum": shard.checksum,
        **({"footer": shard.footer} if shard.footer else {}),
    }
