"""From Parquet shards to a data set folder: identities, row numbers, classes, `manifest.json`."""

from __future__ import annotations

import hashlib
import io
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lp_core.config import SettingError, check
from lp_core.dataset.folder import FORMAT, ROW_SCHEMA, SPLITS
from lp_core.dataset.layouts.found import Found, ImageClass
from lp_core.dataset.shards import open_shard
from lp_core.fingerprint import checksum, fingerprint
from lp_core.storage import Storage, first_line

_DOUBLED_WNID = re.compile(r"^(?P<base>.+?)_(?P<wnid>n\d{8})$")
"""Hugging Face's ILSVRC/imagenet-1k appends the class: n01440764_10026_n01440764.JPEG."""


@dataclass(frozen=True)
class ShardRows:
    """Identity and label of every row of one shard, without its images.

    Attributes:
        path: absolute path or URI.
        paths: the rows' `image.path`, None where the collection has none.
        labels: int64 [n].
        group_rows: number of rows of each row group.
        footer: SHA-256 of the Parquet footer, which names the place and size of every column chunk.
    """

    path: str
    paths: list[str | None]
    labels: np.ndarray
    group_rows: list[int]
    footer: str


def read_shard_rows(path: str) -> ShardRows:
    """Read what identifies the rows of a shard; the images stay on disk.

    Raises:
        SettingError: the shard, or a row group of it, cannot be read, or its columns are others.
    """
    with open_shard(path) as shard:
        columns = set(shard.schema_arrow.names)
        check(
            {"image", "label"} <= columns,
            f"shard {path}: columns 'image' and 'label' are expected, it has {', '.join(sorted(columns))}",
        )
        image = shard.schema_arrow.field("image").type
        check(
            pa.types.is_struct(image) and image.get_field_index("bytes") >= 0,
            f"shard {path}: 'image' must be a struct with 'bytes', it is {image}",
        )
        has_path = image.get_field_index("path") >= 0
        paths: list[str | None] = []
        labels = []
        group_rows = []
        for group in range(shard.num_row_groups):
            try:
                table = shard.read_row_group(group, columns=["label", *(["image.path"] if has_path else [])])
            except (OSError, pa.ArrowException) as error:
                raise SettingError(f"shard {path}, row group {group}: cannot be read ({first_line(error)})") from None
            column = table["label"].combine_chunks()
            check(column.null_count == 0, f"shard {path}, row group {group}: a label is missing")
            labels.append(column.cast(pa.int64()).to_numpy())
            group_rows.append(len(column))
            here = table["image"].combine_chunks().field("path").to_pylist() if has_path else [None] * len(column)
            paths += here
    return ShardRows(path, paths, np.concatenate(labels or [np.zeros(0, np.int64)]), group_rows, _footer(path))


def write_dataset_folder(
    out: Storage, found: Found, read: Callable[[list[str]], list[ShardRows]] | None = None
) -> dict[str, Any]:
    """Number the rows and write `rows/<split>.parquet`, then `manifest.json`; return the manifest.

    Rows are numbered by ascending image id, so the numbers do not depend on the layout or on how it was read.

    Args:
        out: the folder to write.
        found: the collection.
        read: reads many shards (in parallel, say); one after the other if not given.
    """
    read = read or (lambda paths: [read_shard_rows(path) for path in paths])
    splits: dict[str, Any] = {}
    content: dict[str, Any] = {}
    highest = -1
    wnids: dict[int, str] = {}
    for split in (name for name in SPLITS if name in found.shards):
        shards = read(found.shards[split])
        table = _number(shards, out)
        check(len(table) > 0, f"split {split}: no rows in {', '.join(found.shards[split])}")
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="zstd")
        out.write_bytes(f"rows/{split}.parquet", sink.getvalue())
        identity = "\n".join(table["image_id"].to_pylist()).encode()
        content[split] = checksum(identity + table["label"].to_numpy().tobytes())
        splits[split] = {
            "rows": len(table),
            "shards": [
                {
                    "path": _relative(shard.path, out),
                    "rows": sum(shard.group_rows),
                    "row_groups": shard.group_rows,
                    "checksum": f"sha256-footer:{shard.footer}",
                }
                for shard in shards
            ],
        }
        highest = max(highest, pc.max(table["label"]).as_py())
        lowest = pc.min(table["label"]).as_py()
        check(lowest >= 0 or split == "test", f"split {split}: label {lowest}; labels must be 0 or more")
        for shard in shards:
            wnids |= _wnids(shard)
    classes = _named(found.classes, highest, wnids)
    # The footers stand for the images: they change with every image's size and place.
    footers = [[shard["checksum"] for shard in split["shards"]] for split in splits.values()]
    manifest = {
        "format": FORMAT,
        "fingerprint": fingerprint([content, footers, classes]),
        "layout": found.layout,
        "splits": splits,
        "classes": classes,
        "quarantined": [],
    }
    out.write_json("manifest.json", manifest)
    return manifest


def image_ids(paths: list[str | None], places: list[str]) -> list[str]:
    """Identity of every photograph of a split.

    The file's stem, without the class that Hugging Face's copy of ImageNet appends; where stems are missing or not
    unique, the file's path without its ending; where that is not unique either, its place (shard:row).
    """
    if None not in paths:
        named = [posixpath.splitext(str(path).replace("\\", "/"))[0] for path in paths]
        stems = [_canonical(posixpath.basename(name)) for name in named]
        for candidates in (stems, named):
            if len(set(candidates)) == len(candidates):
                return candidates
    return places


def _canonical(stem: str) -> str:
    match = _DOUBLED_WNID.match(stem)
    return match["base"] if match else stem


def _number(shards: list[ShardRows], out: Storage) -> pa.Table:
    paths = [path for shard in shards for path in shard.paths]
    places = [f"{posixpath.basename(shard.path)}:{row}" for shard in shards for row in range(len(shard.paths))]
    ids = image_ids(paths, places)
    names = [_relative(shard.path, out) for shard in shards]
    shard_index = np.repeat(np.arange(len(shards)), [len(shard.paths) for shard in shards])
    group = [np.repeat(np.arange(len(shard.group_rows)), shard.group_rows) for shard in shards]
    in_group = [np.arange(rows) for shard in shards for rows in shard.group_rows]
    table = pa.table(
        {
            "image_id": ids,
            "label": np.concatenate([shard.labels for shard in shards]),
            "shard": pa.DictionaryArray.from_arrays(pa.array(shard_index.astype(np.int32)), names),
            "row_group": np.concatenate(group).astype(np.int32),
            "row_in_group": np.concatenate(in_group or [np.zeros(0)]).astype(np.int32),
        }
    )
    ordered = table.take(pc.sort_indices(table, [("image_id", "ascending")]))
    return ordered.add_column(0, "row", pa.array(np.arange(len(ordered)))).cast(ROW_SCHEMA)


def _named(classes: list[ImageClass], highest: int, wnids: dict[int, str]) -> list[dict[str, Any]]:
    if not classes and highest == 999:
        from torchvision.models import VGG16_Weights

        classes = [ImageClass(name) for name in VGG16_Weights.IMAGENET1K_V1.meta["categories"]]
    classes = classes or [ImageClass(wnids.get(index, f"class {index}")) for index in range(highest + 1)]
    check(highest < len(classes), f"label {highest} has no class: the collection names {len(classes)}")
    return [
        {"index": index, "wnid": one.wnid or wnids.get(index), "name": one.name} for index, one in enumerate(classes)
    ]


def _wnids(shard: ShardRows) -> dict[int, str]:
    """Class index -> wnid, where the file names carry it."""
    found = {}
    for path, label in zip(shard.paths, shard.labels.tolist(), strict=True):
        stem = posixpath.splitext(posixpath.basename(path or ""))[0]
        match = _DOUBLED_WNID.match(stem)
        if match and label >= 0:
            found[label] = match["wnid"]
    return found


def _relative(path: str, out: Storage) -> str:
    return path.removeprefix(out.uri.rstrip("/") + "/")


def _footer(path: str) -> str:
    folder, _, name = path.rpartition("/")
    storage = Storage(folder or "/")
    with storage.filesystem.open_input_file(storage.path(name)) as file:
        size = file.size()
        file.seek(size - 8)
        length = int.from_bytes(file.read(4), "little")
        file.seek(size - 8 - length)
        return hashlib.sha256(file.read(length)).hexdigest()
