"""`parquet` finds shards, labels and classes of Hugging Face data sets, and refuses labels that contradict names."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lp_core.errors import LogpolarError
from lp_core.indexing.manifest import write_dataset_folder
from lp_core.storage import Storage
from tests.lp_core.indexing.found_collections import found
from tests.lp_core.indexing.imagenet_forms import (
    WNIDS,
    jpeg,
    write,
    write_parquet,
)


def test_row_tables_of_a_data_set_folder_are_no_shards(tmp_path: Path) -> None:
    write_parquet(tmp_path)
    before = found(tmp_path).shards
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "train.parquet").write_bytes((tmp_path / "data" / "train-00000-of-00002.parquet").read_bytes())
    assert found(tmp_path).shards == before


def test_shards_of_two_downloads_side_by_side_are_refused(tmp_path: Path) -> None:
    write_parquet(tmp_path)
    (tmp_path / "data" / "train-00000-of-00001.parquet").write_bytes(
        (tmp_path / "data" / "train-00000-of-00002.parquet").read_bytes()
    )
    with pytest.raises(LogpolarError, match="shards of 1 and 2 lie side by side"):
        found(tmp_path)


@pytest.mark.parametrize(
    "name", ["default/{split}/000{number}.parquet", "{split}_{number}.parquet", "{split}/part-{number}.parquet"]
)
def test_parquet_splits_may_be_folders(tmp_path: Path, name: str) -> None:
    write_parquet(tmp_path / "plain")
    for path in (tmp_path / "plain" / "data").iterdir():
        split, number = path.name.split("-")[:2]
        target = tmp_path / "source" / name.format(split=split, number=int(number))
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    collection = found(tmp_path / "source")
    assert {split: len(paths) for split, paths in collection.shards.items()} == {"train": 2, "validation": 1}


def table(label: pa.Array, names: list[str] | None = None, paths: list[str] | None = None) -> pa.Table:
    image = [
        {"bytes": jpeg(k), "path": (paths or [f"{k}.jpg" for k in range(len(label))])[k]} for k in range(len(label))
    ]
    features = {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})} if names else None
    return pa.table({"image": image, "label": label}).replace_schema_metadata(metadata)


def indexed(folder: Path, shard: pa.Table, **options: int) -> dict:
    folder.mkdir(exist_ok=True)
    pq.write_table(shard, folder / "train-00000-of-00001.parquet", **options)
    return write_dataset_folder(Storage.at(folder / "out"), found(folder))


@pytest.mark.parametrize("kind", [pa.uint8(), pa.int16(), pa.uint32(), pa.int32(), pa.uint64()])
def test_labels_of_any_whole_number_type(tmp_path: Path, kind: pa.DataType) -> None:
    manifest = indexed(tmp_path, table(pa.array([1, 0, 1], kind), names=["cat", "dog"]), row_group_size=2)
    assert [one["name"] for one in manifest["classes"]] == ["cat", "dog"]
    assert manifest["splits"]["train"]["shards"][0]["row_groups"] == [2, 1]


@pytest.mark.parametrize(
    "label", [pa.array(["cat", "dog"]), pa.array([0.0, 1.0]), pa.array(["a", "b"]).dictionary_encode()]
)
def test_labels_that_are_no_numbers_are_refused(tmp_path: Path, label: pa.Array) -> None:
    with pytest.raises(LogpolarError, match="'label' must be a class's number, it is "):
        indexed(tmp_path, table(label))


@pytest.mark.parametrize(
    ("label", "message"), [(2**64 - 1, "row group 0: .* not in range"), (10**15, "more than 1000000 classes")]
)
def test_labels_beyond_reason_are_refused(tmp_path: Path, label: int, message: str) -> None:
    with pytest.raises(LogpolarError, match=message):
        indexed(tmp_path, table(pa.array([label], pa.uint64())))


@pytest.mark.parametrize("beside", [True, False])
def test_class_names_that_are_wnids_are_known_as_such(tmp_path: Path, beside: bool) -> None:
    names = [WNIDS[0], "dog", WNIDS[2]]
    if beside:
        write(tmp_path / "classes.json", json.dumps([{"name": name} for name in names]))
    manifest = indexed(tmp_path, table(pa.array([0, 1, 2]), names=None if beside else names))
    assert [one["wnid"] for one in manifest["classes"]] == [WNIDS[0], None, WNIDS[2]]
    assert [one["name"] for one in manifest["classes"]] == ["tench", "dog", "toilet tissue"]


@pytest.mark.parametrize(
    "metadata", [b"{", b"[]", b'{"info": null}', b'{"info": {"features": {"label": {"dtype": "int64"}}}}']
)
def test_schema_metadata_of_others_is_no_reason_to_stop(tmp_path: Path, metadata: bytes) -> None:
    shard = table(pa.array([0, 1])).replace_schema_metadata({"huggingface": metadata})
    assert [one["name"] for one in indexed(tmp_path, shard)["classes"]] == ["class 0", "class 1"]


def test_files_of_other_row_groups_and_strings_of_other_types(tmp_path: Path) -> None:
    kind = pa.struct([("bytes", pa.large_binary()), ("path", pa.large_string())])
    for number, size in enumerate((1, 3, 100)):
        part = table(pa.array([number] * 4), paths=[f"{WNIDS[number]}_{k}.JPEG" for k in range(4)])
        part = part.set_column(0, "image", part["image"].cast(kind) if number else part["image"])
        part = part.append_column("caption", pa.array(["?"] * 4))
        pq.write_table(part, tmp_path / f"train-{number:05d}-of-00003.parquet", row_group_size=size)
    manifest = write_dataset_folder(Storage.at(tmp_path / "out"), found(tmp_path))
    assert [shard["row_groups"] for shard in manifest["splits"]["train"]["shards"]] == [[1] * 4, [3, 1], [4]]
    assert [one["wnid"] for one in manifest["classes"]] == WNIDS


def test_the_kit_s_numbers_as_labels_of_parquet_are_noticed(tmp_path: Path) -> None:
    paths = [f"{wnid}_1.JPEG" for wnid in reversed(WNIDS)]
    with pytest.raises(LogpolarError, match=f"label 0 is {WNIDS[2]} and label 1 is {WNIDS[1]}: .*ILSVRC2012_ID"):
        indexed(tmp_path, table(pa.array([0, 1, 2]), paths=paths))


def test_labels_that_join_several_wnids_are_taken_as_they_are(tmp_path: Path) -> None:
    paths = [f"{wnid}_{k}.JPEG" for k, wnid in enumerate([WNIDS[0], WNIDS[2], WNIDS[1]])]
    manifest = indexed(tmp_path, table(pa.array([0, 0, 1]), names=["living", "dead"], paths=paths))
    assert [one["wnid"] for one in manifest["classes"]] == [None, WNIDS[1]]


def test_a_wnid_with_two_labels_is_refused(tmp_path: Path) -> None:
    paths = [f"{WNIDS[0]}_{k}.JPEG" for k in range(2)]
    with pytest.raises(LogpolarError, match=f"{WNIDS[0]}_1.JPEG has label 1, other photographs of class .* have 0"):
        indexed(tmp_path, table(pa.array([0, 1]), paths=paths))


def test_labels_that_count_from_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LogpolarError, match="the classes count from 1 to 1000"):
        indexed(tmp_path, table(pa.array([1, 1000])))
