"""What indexing reads of Parquet shards: names of classes, columns, and row groups that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lp_core.dataset.folder import DatasetFolder
from lp_core.errors import LogpolarError
from lp_core.indexing.reading import shard_rows
from tests.lp_core.indexing.imagenet_forms import jpeg
from tests.lp_core.indexing.parquet_forms import features, shard
from tests.workflows.index_command import index


def indexed(source: Path, **options: object) -> DatasetFolder:
    index(str(source), str(source / "out"), **options)
    return DatasetFolder.open(str(source / "out"))


def write(source: Path, columns: dict, metadata: dict | None = None, split: str = "train", **options: object) -> None:
    source.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns).replace_schema_metadata(metadata)
    pq.write_table(table, source / f"{split}-00000-of-00001.parquet", **options)


def images(count: int, **changes: object) -> list[dict]:
    return [{"bytes": jpeg(row, size=(16, 16)), "path": f"{row}.jpg"} | changes for row in range(count)]


# names of classes


@pytest.mark.parametrize("split", ["train", "validation"])
@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("bacd", "label 0 is 'b', in .* it is 'a'"),
        ("abc", "label 3 is no class, in .* it is 'd'"),
        ("abcde", "label 4 is 'e', in .* it is no class"),
    ],
)
def test_shards_that_name_a_label_differently_are_refused(tmp_path: Path, split: str, names: str, message: str) -> None:
    first = shard(tmp_path, [0, 1, 2], "abcd", number=0, count=2 if split == "train" else 1)
    other = shard(tmp_path, [0, 1, 2], names, split, int(split == "train"), 1 + (split == "train"))
    with pytest.raises(LogpolarError, match=rf"^shard {other}: {message}; ") as error:
        indexed(tmp_path)
    assert str(first) in str(error.value)
    with pytest.raises(LogpolarError, match=message):
        index(str(tmp_path), str(tmp_path / "copy"), max_side=32)
    assert not list(tmp_path.rglob("manifest.json"))


def test_shards_without_names_take_those_of_the_others(tmp_path: Path) -> None:
    shard(tmp_path, [0, 1], None, "train")
    shard(tmp_path, [1, 0], ["cat", "dog"], "validation")
    assert indexed(tmp_path).class_names == ["cat", "dog"]


# columns


CIFAR = {"img": images(3), "fine_label": [2, 0, 1]}


@pytest.mark.parametrize("options", [{}, {"image_column": "img", "label_column": "fine_label"}])
def test_columns_of_other_names_are_shown_by_the_features(tmp_path: Path, options: dict) -> None:
    write(tmp_path, CIFAR, features("img", fine_label="abc"))
    data = indexed(tmp_path, **options)
    assert data.class_names == ["a", "b", "c"]
    assert data.rows("train").label.tolist() == [2, 0, 1]
    assert data.manifest["columns"] == {"image": "img", "label": "fine_label"}
    assert [one.data for one in data.photographs("train", np.arange(3))] == [one["bytes"] for one in CIFAR["img"]]


@pytest.mark.parametrize("options", [{"short_side": 32}, {"shuffle": True}, {"check": True}])
def test_columns_of_other_names_can_be_copied_and_checked(tmp_path: Path, options: dict) -> None:
    write(tmp_path, CIFAR, features("img", fine_label="abc"))
    data = indexed(tmp_path, **options)
    assert data.rows("train").label.tolist() == [2, 0, 1]
    assert ("columns" in data.manifest) == ("check" in options)
    assert len(list(data.photographs("train", np.arange(3)))) == 3


def test_the_bytes_may_be_the_column_itself(tmp_path: Path) -> None:
    write(tmp_path, {"jpg": [one["bytes"] for one in images(3)], "label": [0, 1, 0]}, row_group_size=2)
    data = indexed(tmp_path, check=True)
    assert [one.data for one in data.photographs("train", np.arange(3))] == [one["bytes"] for one in images(3)]


TWO_LABELS = CIFAR | {"coarse_label": [0, 0, 1]}


@pytest.mark.parametrize(
    ("columns", "metadata", "options", "message"),
    [
        (TWO_LABELS, features("img", fine_label="abc", coarse_label="ab"), {}, "set label-column to fine_label or co"),
        (CIFAR, None, {}, "no column 'label'; set label-column to fine_label$"),
        ({"a": images(1), "b": images(1), "label": [0]}, None, {}, "no column 'image'; set image-column to a or b$"),
        (CIFAR, None, {"image_column": "x", "label_column": "y"}, "no column 'x'; set image-column to img$"),
        (CIFAR, None, {"label_column": "y"}, "no column 'y'; set label-column to fine_label$"),
        ({"image": ["a.jpg"], "label": [0]}, None, {}, "'image' is string: it holds no image bytes"),
        ({"image": [[1, 2]], "label": [0]}, None, {}, r"'image' is list<.*: it holds no image bytes"),
        ({"text": ["?"]}, None, {}, "no column 'image'; it has text; set image-column$"),
    ],
)
def test_columns_that_cannot_be_known_are_asked_for(
    tmp_path: Path, columns: dict, metadata: dict | None, options: dict, message: str
) -> None:
    write(tmp_path, columns, metadata)
    with pytest.raises(LogpolarError, match=message):
        indexed(tmp_path, **options)


def test_only_parquet_has_columns(tmp_path: Path) -> None:
    path = tmp_path / "train" / "cat" / "a.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(jpeg(1))
    with pytest.raises(LogpolarError, match="image-column img: only Parquet has columns, not folders"):
        indexed(tmp_path, image_column="img")


# rows without images


@pytest.mark.parametrize("statistics", [True, ["label"]])
def test_shards_that_hold_only_paths_are_refused(tmp_path: Path, statistics: bool | list[str]) -> None:
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    write(
        tmp_path,
        {"image": pa.array(images(3, bytes=None), kind), "label": [0, 1, 0]},
        write_statistics=statistics,
    )
    with pytest.raises(
        LogpolarError, match=r"row group 0: 'image' holds only paths \('0\.jpg'\), no image bytes; index"
    ):
        indexed(tmp_path)


def test_single_rows_without_images_are_quarantined(tmp_path: Path) -> None:
    some = images(300)
    some[7]["bytes"] = None
    write(tmp_path, {"image": some, "label": [0] * 300}, row_group_size=100)
    data = indexed(tmp_path)
    assert len(data.rows("train")) == 299
    [bad] = data.manifest["quarantined"]
    assert bad["where"].endswith("train-00000-of-00001.parquet:7")
    assert bad["reason"] == "no image bytes, only a path"


# row groups


def test_a_row_group_that_cannot_be_read_at_once_is_refused_or_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard(tmp_path, [0, 1, 0, 1], "ab", group_rows=4)
    size = pq.ParquetFile(tmp_path / "data" / "train-00000-of-00001.parquet").metadata.row_group(0).column(0)
    monkeypatch.setattr(shard_rows, "MAX_GROUP_BYTES", size.total_uncompressed_size - 1)
    with pytest.raises(LogpolarError, match=r"row group 0: 0\.0 GiB of images are more than the 2 GiB .* set shuffle"):
        indexed(tmp_path)
    assert not (tmp_path / "out").exists()
    assert len(indexed(tmp_path, shuffle=True).rows("train")) == 4


def test_copies_have_row_groups_of_bounded_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shard(tmp_path, [0, 1] * 6, "ab", group_rows=12)
    largest = max(len(jpeg(row, size=(16, 16))) for row in range(12))
    monkeypatch.setattr("lp_core.indexing.writing.shard_writer.GROUP_BYTES", 3 * largest)
    data = indexed(tmp_path, max_side=32)
    [about] = data.manifest["splits"]["train"]["shards"]
    assert sum(about["row_groups"]) == 12
    assert len(about["row_groups"]) >= 4
    stored = {one.image_id: one.data for one in data.photographs("train", np.arange(12))}
    assert stored == {f"train0_{row}": jpeg(row, size=(16, 16)) for row in range(12)}


def test_large_row_groups_are_remarked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shard(tmp_path, [0, 1], "ab")
    monkeypatch.setattr("lp_core.indexing.remarks.CACHED_BYTES", 100)
    data = indexed(tmp_path)
    assert "train: row groups have up to 0 MiB of images" in capsys.readouterr().out
    assert json.loads(Path(data.storage.path("manifest.json")).read_text())["splits"]["train"]["largest_group_bytes"]


def test_classes_that_only_validation_has_are_remarked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shard(tmp_path, [0, 1, 1], "abcd")
    shard(tmp_path, [0, 3, 2, 3], "abcd", "validation")
    indexed(tmp_path)
    said = (
        "validation: train has no photograph of 2 classes ('c' first); no network can learn them, so their 3 rows of 4"
    )
    assert said in capsys.readouterr().out


def test_labels_that_count_from_one_are_remarked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shard(tmp_path, [1, 2, 3], None)
    shard(tmp_path, [1, 2, 3], None, "validation")
    indexed(tmp_path)
    assert "train: 1 of the classes have no photograph ('class 0' first)" in capsys.readouterr().out
