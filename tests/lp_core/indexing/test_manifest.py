"""`manifest` numbers rows by image id and fingerprints ids, labels, classes and shard footers only."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lp_core.dataset.folder import DatasetFolder
from lp_core.errors import LogpolarError
from lp_core.fingerprint import fingerprint
from lp_core.indexing.identity.image_id import canonical
from lp_core.indexing.layouts import find
from lp_core.indexing.manifest import write_dataset_folder
from lp_core.storage import Storage
from tests.lp_core.indexing.imagenet_forms import write_parquet


@pytest.fixture
def indexed(tmp_path: Path) -> DatasetFolder:
    write_parquet(tmp_path / "source")
    write_dataset_folder(Storage.at(tmp_path / "out"), find(Storage.at(tmp_path / "source")))
    return DatasetFolder.open(str(tmp_path / "out"))


def test_the_fingerprint_is_made_of_ids_labels_footers_and_classes_and_of_nothing_else(indexed: DatasetFolder) -> None:
    """Runs are tied to it: another rule would make every finished training start again."""
    content, footers = {}, []
    for split, about in indexed.manifest["splits"].items():
        rows = indexed.rows(split)
        identity = (
            "\n".join(rows.image_id(row) for row in range(len(rows))).encode() + rows.label.astype(np.int64).tobytes()
        )
        content[split] = hashlib.sha256(identity).hexdigest()
        sums = []
        for shard in about["shards"]:
            data = Path(shard["path"]).read_bytes()
            length = int.from_bytes(data[-8:-4], "little")
            sums.append(f"sha256-footer:{hashlib.sha256(data[-8 - length : -8]).hexdigest()}")
        footers.append(sums)
    assert indexed.fingerprint == fingerprint([content, footers, indexed.manifest["classes"]])


def test_every_row_is_where_the_table_says(indexed: DatasetFolder) -> None:
    for split in ("train", "validation"):
        table = pq.read_table(Path(indexed.storage.uri) / "rows" / f"{split}.parquet").to_pylist()
        assert [one["row"] for one in table] == list(range(len(table)))
        for one in table:
            group = pq.ParquetFile(one["shard"]).read_row_group(one["row_group"]).to_pylist()
            there = group[one["row_in_group"]]
            assert canonical(Path(there["image"]["path"]).stem) == one["image_id"]
            assert there["label"] == one["label"]


def test_row_groups_are_numbered_in_storage_order(indexed: DatasetFolder) -> None:
    rows = indexed.rows("train")
    places = [rows.place(group) for group in range(rows.group.max() + 1)]
    assert places == sorted(set(places))
    table = pq.read_table(Path(indexed.storage.uri) / "rows" / "train.parquet")
    pairs = list(zip(table["shard"].to_pylist(), table["row_group"].to_pylist(), strict=True))
    assert [places[group] for group in rows.group] == pairs


def test_a_shard_without_rows_does_no_harm(tmp_path: Path) -> None:
    write_parquet(tmp_path / "source")
    path = tmp_path / "source" / "data" / "train-00001-of-00002.parquet"
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    write_dataset_folder(Storage.at(tmp_path / "out"), find(Storage.at(tmp_path / "source")))
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [shard["rows"] for shard in manifest["splits"]["train"]["shards"]] == [11, 0]


def test_a_missing_label_is_told_with_its_row_group(tmp_path: Path) -> None:
    image = [{"bytes": b"?", "path": "a.jpg"}]
    table = pa.table({"image": image, "label": pa.array([None], pa.int64())})
    pq.write_table(table, tmp_path / "train-00000-of-00001.parquet")
    with pytest.raises(LogpolarError, match="row group 0: a label is missing"):
        write_dataset_folder(Storage.at(tmp_path / "out"), find(Storage.at(tmp_path)))
