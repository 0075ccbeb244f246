"""From shards to a data set folder: identities, row numbers, classes, `manifest.json`."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lp_core.dataset.class_mix import index_mixes
from lp_core.dataset.folder import FOOTER, FORMAT, ROW_SCHEMA, SPLITS, SplitRows
from lp_core.dataset.shards import Columns, Shard
from lp_core.errors import DataError, check
from lp_core.fingerprint import checksum, fingerprint
from lp_core.indexing.identity import ImageClass, check_wnids, classes_of, image_ids, numbered_classes, wnids_by_label
from lp_core.indexing.layouts.found import Found, Refused
from lp_core.indexing.plan import Piece, Wanted, copied_shard, stored_path
from lp_core.indexing.quarantine import first_reasons
from lp_core.indexing.shard_rows import ShardRows, agreed_class_names, read_shard_rows
from lp_core.indexing.validation_share import ValidationShare
from lp_core.indexing.writing import Written
from lp_core.storage import Storage

MAX_CLASSES = 1_000_000
"""Our choice: a network's last layer has a row for each."""
FROM_ONE = "the classes count from 1 to 1000, ImageNet's from 0: take 1 from every label"


def written_rows(out: Storage, piece: Piece, written: Written) -> tuple[ShardRows, list[Refused]]:
    """The rows of a shard that was written into the data set folder, and the photographs that were left out of it."""
    kept = [one for place, one in enumerate(piece.wanted) if place not in written.refused]
    rows = ShardRows(
        path=(out / piece.name).uri,
        paths=[one.path for one in kept],
        labels=np.array([one.label for one in kept], np.int64),
        group_rows=written.row_groups,
        checksum=f"sha256:{written.checksum}",
        ids=[one.image_id for one in kept],
        footer=written.footer,
    )
    left_out = [
        Refused(piece.split, one.image_id, one.where, written.refused[place])
        for place, one in enumerate(piece.wanted)
        if place in written.refused
    ]
    return rows, left_out


def write_dataset_folder(
    out: Storage, found: Found, read: Callable[[list[str]], list[ShardRows]] | None = None
) -> dict[str, Any]:
    """Index Parquet shards in place: read what identifies their rows and write the folder; return the manifest.

    Args:
        out: the folder to write.
        found: the collection.
        read: reads many shards (in parallel, say); one after the other if not given.

    Raises:
        DataError: a shard cannot be read, or its rows cannot be told apart.
    """
    read = read or (lambda paths: [read_shard_rows(path, found.columns) for path in paths])
    return write_manifest(out, found, {split: read(paths) for split, paths in found.shards.items()})


def write_manifest(out: Storage, found: Found, shards: dict[str, list[ShardRows]]) -> dict[str, Any]:
    """Number the rows and write `rows/<split>.parquet`, then `manifest.json`; return the manifest.

    Rows are numbered by ascending image id, so the numbers do not depend on the layout or on how it was read.

    Args:
        out: the folder to write.
        found: the collection; its classes and what was refused go into the manifest.
        shards: all rows of each split.
    """
    if found.held_out:
        shards = _with_validation(shards, found.held_out)
    classes = [
        {"index": index, "wnid": one.wnid, "name": one.name}
        for index, one in enumerate(named_classes(found.classes, shards))
    ]
    out.remove("manifest.json")  # the tables of rows are about to change
    splits: dict[str, Any] = {}
    content: dict[str, Any] = {}
    refused = list(found.refused)
    for split in (name for name in SPLITS if name in shards):
        table, faulty = _number(split, shards[split], out)
        refused += faulty
        bad = [one for one in refused if one.split == split]
        check(
            len(table) > 0,
            f"split {split}: no rows in {', '.join(shard.path for shard in shards[split][:3])}" + first_reasons(bad),
            DataError,
        )
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="zstd")
        out.write_bytes(f"rows/{split}.parquet", sink.getvalue())
        identity = "\n".join(table["image_id"].to_pylist()).encode()
        content[split] = checksum(identity + table["label"].to_numpy().tobytes())
        splits[split] = {"rows": len(table), "shards": [_entry(shard, out) for shard in shards[split]]}
        if largest := max(shard.largest_group for shard in shards[split]):
            splits[split]["largest_group_bytes"] = largest
        if split == "train":
            rows = SplitRows(table)
            splits[split]["class_mix"] = index_mixes(rows.label, rows.group)
        lowest = pc.min(table["label"]).as_py()
        check(lowest >= 0 or split == "test", f"split {split}: label {lowest}; labels must be 0 or more", DataError)
    # The shards' checksums stand for the images: they change with every image's size and place.
    sums = [[shard["checksum"] for shard in split["shards"]] for split in splits.values()]
    manifest = {
        "format": FORMAT,
        "fingerprint": fingerprint([content, sums, classes]),
        "layout": found.layout,
        "splits": splits,
        "classes": classes,
        **({"columns": asdict(found.columns)} if found.columns != Columns() else {}),
        "quarantined": [
            {"split": one.split, "image_id": one.image_id, "where": one.where, "reason": one.reason} for one in refused
        ],
    }
    out.write_json("manifest.json", manifest)
    return manifest


def _with_validation(shards: dict[str, list[ShardRows]], share: ValidationShare) -> dict[str, list[ShardRows]]:
    """The same shards for training and validation, each with rows of its own."""
    train = shards["train"]
    taken = share.taken(shard_ids(train), np.concatenate([shard.labels for shard in train]))
    parts = list(zip(train, np.split(taken, np.cumsum([len(shard.labels) for shard in train])[:-1]), strict=True))
    return {
        **shards,
        "train": [replace(shard, elsewhere=chosen) for shard, chosen in parts],
        "validation": [replace(shard, elsewhere=~chosen) for shard, chosen in parts],
    }


def shard_ids(shards: list[ShardRows]) -> list[str]:
    """Identity of every row of a split's shards, one after the other.

    Raises:
        DataError: two shards have one name.
    """
    ids = [one for shard in shards for one in shard.ids or []]
    paths = [path for shard in shards for path in shard.paths]
    places = [f"{posixpath.basename(shard.path)}:{row}" for shard in shards for row in range(len(shard.paths))]
    return ids or image_ids(paths, places)


def copies(split: str, shards: list[ShardRows], image: str) -> list[Piece]:
    """The pieces that copy a split's Parquet files, each as one shard.

    Args:
        split: its name.
        shards: all its rows.
        image: name of the column of images.
    """
    ids = iter(shard_ids(shards))
    pieces = []
    for number, shard in enumerate(shards):
        photographs = [
            Wanted(image_id, stored_path(image_id, path), int(label), shard.path, 0, 0, f"{shard.path}:{row}")
            for row, (path, label, image_id) in enumerate(zip(shard.paths, shard.labels, ids, strict=False))
        ]
        pieces.append(copied_shard(split, number, len(shards), source_shard(shard, image), photographs))
    return pieces


def source_shard(shard: ShardRows, image: str) -> Shard:
    """A shard that is indexed in place, as its readers want it.

    Args:
        shard: its rows.
        image: name of its column of images.
    """
    return Shard(shard.path, image, shard.checksum.removeprefix(FOOTER))


def _entry(shard: ShardRows, out: Storage) -> dict[str, Any]:
    return {
        "path": _relative(shard.path, out),
        "rows": int(shard.good.sum()),
        "row_groups": shard.group_rows,
        "checksum": shard.checksum,
        **({"footer": shard.footer} if shard.footer else {}),
    }


def _number(split: str, shards: list[ShardRows], out: Storage) -> tuple[pa.Table, list[Refused]]:
    """The table of a split's rows by ascending image id, and its rows that are not to be used."""
    ids = shard_ids(shards)
    names = [_relative(shard.path, out) for shard in shards]
    shard_index = np.repeat(np.arange(len(shards)), [len(shard.labels) for shard in shards])
    group = [np.repeat(np.arange(len(shard.group_rows)), np.array(shard.group_rows, np.int64)) for shard in shards]
    in_group = [np.arange(rows) for shard in shards for rows in shard.group_rows]
    table = pa.table(
        {
            "image_id": ids,
            "label": np.concatenate([shard.labels for shard in shards]),
            "shard": pa.DictionaryArray.from_arrays(pa.array(shard_index.astype(np.int32)), names),
            "row_group": np.concatenate(group).astype(np.int32),
            "row_in_group": np.concatenate(in_group or [np.zeros(0, np.int64)]).astype(np.int32),
        }
    )
    faulty = []
    good = np.concatenate([shard.good for shard in shards] or [np.ones(0, bool)])
    first = 0
    for shard in shards:
        for row, reason in sorted(shard.faults.items()):
            if shard.elsewhere is None or not shard.elsewhere[row]:
                faulty.append(Refused(split, ids[first + row], f"{_relative(shard.path, out)}:{row}", reason))
        first += len(shard.labels)
    if not good.all():
        table = table.filter(pa.array(good))
    ordered = table.take(pc.sort_indices(table, [("image_id", "ascending")]))
    return ordered.add_column(0, "row", pa.array(np.arange(len(ordered)))).cast(ROW_SCHEMA), faulty


def named_classes(classes: list[ImageClass], shards: dict[str, list[ShardRows]]) -> list[ImageClass]:
    """The classes of a collection: its own names, else torchvision's by wnid or for 1,000 classes, else numbers.

    Raises:
        DataError: a label has no class, or two shards name it differently.
    """
    listed = [shard for one in shards.values() for shard in one]
    highest = max((int(shard.labels.max(initial=-1)) for shard in listed), default=-1)
    lowest = min((int(shard.labels[shard.labels >= 0].min(initial=highest)) for shard in listed), default=0)
    check((lowest, highest) != (1, 1000), FROM_ONE, DataError)
    check(
        highest < MAX_CLASSES,
        f"label {highest}: more than {MAX_CLASSES} classes; is 'label' a class's number?",
        DataError,
    )
    labels = np.concatenate([shard.labels for shard in listed] or [np.zeros(0, np.int64)])
    wnids = wnids_by_label((path for shard in listed for path in shard.paths), labels)
    check_wnids(wnids)
    names = agreed_class_names(listed)
    if not classes and names:
        classes = classes_of(names)
    classes = classes or numbered_classes(highest + 1, wnids)
    check(highest < len(classes), f"label {highest} has no class: the collection names {len(classes)}", DataError)
    named = zip(classes, classes_of([one.name for one in classes]), strict=True)
    return [
        ImageClass(known.name, one.wnid or known.wnid or wnids.get(index)) for index, (one, known) in enumerate(named)
    ]


def _relative(path: str, out: Storage) -> str:
    inside, _, options = out.uri.partition("?") if "://" in out.uri else (out.uri, "", "")
    file, _, same = path.partition("?") if "://" in path else (path, "", "")
    inside = inside.rstrip("/") + "/"
    return file.removeprefix(inside) if file.startswith(inside) and options == same else path
