"""Parquet shards that are missing or damaged, or whose labels cannot be right."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.lp_core.indexing.imagenet_forms import (
    WNIDS,
    Photo,
    jpeg,
    write_parquet,
)
from tests.lp_core.indexing.parquet_forms import features, shard
from tests.workflows.bad_input.cases import PHOTOS, quarantined, refused, replaced


@refused("a Parquet shard is missing")
def missing_shard(source: Path) -> None:
    write_parquet(source, PHOTOS)
    (source / "data" / "train-00001-of-00002.parquet").unlink()


@refused("a Parquet shard is cut short")
def shard_cut_short(source: Path) -> None:
    write_parquet(source, PHOTOS)
    replaced(source / "data" / "train-00001-of-00002.parquet", lambda data: data[:-50])


@refused("a Parquet shard has other columns")
def other_columns(source: Path) -> None:
    source.mkdir()
    pq.write_table(pa.table({"pixels": [b"?"], "class": [1]}), source / "train-00000-of-00001.parquet")


@refused("a label is negative in a split that is not `test`")
def negative_label(source: Path) -> None:
    source.mkdir()
    table = pa.table({"image": [{"bytes": jpeg(1), "path": "a.jpg"}], "label": [-1]})
    pq.write_table(table, source / "train-00000-of-00001.parquet")


@refused("a label has no class")
def label_without_class(source: Path) -> None:
    source.mkdir()
    table = pa.table({"image": [{"bytes": jpeg(1), "path": "a.jpg"}], "label": [2]})
    pq.write_table(table, source / "train-00000-of-00001.parquet")
    (source / "classes.json").write_text(json.dumps([{"name": "tench"}]))


@refused("the same shards lie in two folders")
def same_shards_twice(source: Path) -> None:
    for folder in ("one", "two"):
        write_parquet(source / folder, PHOTOS)


@quarantined("a photograph in Parquet that was cut (seen with `--check`)")
def cut_photograph_in_shard(source: Path) -> list[str]:
    write_parquet(source, (*PHOTOS, Photo("train", "n01440764_5", WNIDS[0], jpeg(1)[:-300])))
    return ["--check"]


@refused("labels in Parquet are text")
def labels_as_text(source: Path) -> None:
    one_shard(source, ["a.jpg"], ["tench"])


@refused("labels in Parquet are not in the order of the wnids")
def labels_not_in_wnid_order(source: Path) -> None:
    one_shard(source, [f"{wnid}_1.JPEG" for wnid in reversed(WNIDS)], [0, 1, 2])


@refused("a wnid has two labels in Parquet")
def wnid_with_two_labels(source: Path) -> None:
    one_shard(source, [f"{WNIDS[0]}_{number}.JPEG" for number in (1, 2)], [0, 1])


@refused("Parquet shards name a label differently")
def parquet_shards_name_label_differently(source: Path) -> None:
    shard(source, [0, 1, 2], ["cat", "dog", "owl"])
    shard(source, [0, 1, 2], ["dog", "cat", "owl"], "validation")


@refused("Parquet holds only paths of images")
def parquet_holds_only_paths_images(source: Path) -> None:
    source.mkdir()
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array([{"bytes": None, "path": "a.jpg"}], kind), "label": [0]})
    pq.write_table(table, source / "train-00000-of-00001.parquet")


@refused("Parquet holds only names of image files, as text")
def parquet_holds_only_names_image_files_as_text(source: Path) -> None:
    source.mkdir()
    pq.write_table(pa.table({"image": ["a.jpg"], "label": [0]}), source / "train-00000-of-00001.parquet")


@refused("Parquet has two columns of labels")
def parquet_has_two_columns_labels(source: Path) -> None:
    source.mkdir()
    table = pa.table({"img": [{"bytes": jpeg(1), "path": "a.jpg"}], "fine_label": [1], "coarse_label": [0]})
    metadata = features("img", fine_label=["cat", "dog"], coarse_label=["pet"])
    pq.write_table(table.replace_schema_metadata(metadata), source / "train-00000-of-00001.parquet")


@refused("Parquet has no column of the name given")
def parquet_has_no_column_name_given(source: Path) -> list[str]:
    write_parquet(source, PHOTOS)
    return ["--image-column", "img"]


@quarantined("a row of Parquet without image bytes")
def row_parquet_without_image_bytes(source: Path) -> None:
    source.mkdir()
    images = [{"bytes": jpeg(1), "path": "a.jpg"}, {"bytes": None, "path": "b.jpg"}]
    pq.write_table(pa.table({"image": images, "label": [0, 0]}), source / "train-00000-of-00001.parquet")


def one_shard(source: Path, names: list[str], labels: list) -> None:
    source.mkdir()
    table = pa.table({"image": [{"bytes": jpeg(1), "path": name} for name in names], "label": labels})
    pq.write_table(table, source / "train-00000-of-00001.parquet")
