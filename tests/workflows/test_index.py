"""`logpolar index` on a small ImageNet in all its forms: the same rows, whatever they came in."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from torchvision.datasets import ImageFolder

from lp_core.dataset.folder import DatasetFolder
from lp_core.errors import LogpolarError
from lp_core.images.decode import decode_rgb
from tests.lp_core.indexing.imagenet_forms import (
    FORMS,
    NAMES,
    SAMPLE,
    WNIDS,
    identities,
    jpeg,
    photos,
    real_photos,
    write_folders,
    write_parquet,
)
from tests.workflows.index_command import content, image_ids, index, indexed, labelled_ids, many, small_groups


@pytest.fixture(scope="module")
def all_forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, DatasetFolder]:
    root = tmp_path_factory.mktemp("forms")
    return {form: indexed(form, root, check=True) for form in FORMS}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("split", ["train", "validation"])
def test_every_form_gives_the_same_rows_classes_and_pixels(
    all_forms: dict[str, DatasetFolder], form: str, split: str
) -> None:
    data = all_forms[form]
    assert labelled_ids(data, split) == identities(photos(), split)
    assert [entry["wnid"] for entry in data.manifest["classes"]] == WNIDS
    content = {one.stem: one.data for one in photos()}
    for photograph in data.photographs(split, np.arange(len(data.rows(split)))):
        assert photograph.data == content[photograph.image_id]
        with Image.open(io.BytesIO(photograph.data)) as expected:
            difference = np.abs(decode_rgb(photograph.data).astype(int) - np.array(expected.convert("RGB")))
        assert difference.max() <= 1


@pytest.mark.skipif(not SAMPLE.exists(), reason=f"no photographs of ImageNet at {SAMPLE}")
def test_real_photographs_are_the_same_in_every_form(tmp_path: Path) -> None:
    some = real_photos(40)
    content = {one.stem: one.data for one in some}
    for form in FORMS:
        FORMS[form](tmp_path / form, some)
        data = indexed(form, tmp_path)
        for split in ("train", "validation"):
            assert labelled_ids(data, split) == identities(some, split)
            for photograph in data.photographs(split, np.arange(len(data.rows(split)))):
                assert photograph.data == content[photograph.image_id]


@pytest.mark.parametrize("form", FORMS)
def test_rows_and_quarantined_together_are_the_files_found(all_forms: dict[str, DatasetFolder], form: str) -> None:
    manifest = all_forms[form].manifest
    quarantined = {(one["split"], one["image_id"]) for one in manifest["quarantined"]}
    assert quarantined == {(one.split, one.stem) for one in photos() if not one.good}
    assert len(manifest["quarantined"]) == len(quarantined)
    assert sum(split["rows"] for split in manifest["splits"].values()) + len(quarantined) == len(photos())
    reasons = {one["image_id"]: one["reason"] for one in manifest["quarantined"]}
    assert reasons == {one["image_id"]: one["reason"] for one in all_forms["folders"].manifest["quarantined"]}
    assert "decompression bomb" in reasons["n15075141_703"]


@pytest.mark.parametrize("form", ["tars", "kaggle"])
def test_forms_that_name_the_classes_alike_give_the_same_bytes(all_forms: dict[str, DatasetFolder], form: str) -> None:
    assert [entry["name"] for entry in all_forms[form].manifest["classes"]] == list(NAMES.values())
    assert all_forms[form].fingerprint == all_forms["tars"].fingerprint
    for entry in all_forms[form].manifest["splits"]["train"]["shards"]:
        one, other = (Path(all_forms[name].storage.uri) / entry["path"] for name in (form, "tars"))
        assert one.read_bytes() == other.read_bytes()


def test_our_shards_are_indexed_again_in_place_with_the_same_identities(
    all_forms: dict[str, DatasetFolder], tmp_path: Path
) -> None:
    index(all_forms["tars"].storage.uri, str(tmp_path / "again"))
    again = DatasetFolder.open(str(tmp_path / "again"))
    assert again.manifest["layout"] == "parquet"
    for split in ("train", "validation"):
        assert labelled_ids(again, split) == labelled_ids(all_forms["tars"], split)
    assert again.manifest["classes"] == all_forms["tars"].manifest["classes"]


def test_image_folder_of_torchvision_agrees(tmp_path: Path) -> None:
    good = tuple(one for one in photos() if one.good)
    write_folders(tmp_path / "folders", good)
    data = indexed("folders", tmp_path)
    for split, folder in (("train", "train"), ("validation", "val")):
        theirs = ImageFolder(str(tmp_path / "folders" / folder))
        assert sorted((Path(path).stem, label) for path, label in theirs.samples) == labelled_ids(data, split)
        pixels = {Path(path).stem: np.array(theirs.loader(path)) for path, _ in theirs.samples}
        for photograph in data.photographs(split, np.arange(len(data.rows(split)))):
            assert np.abs(decode_rgb(photograph.data).astype(int) - pixels[photograph.image_id]).max() <= 1


def test_datasets_reads_our_shards(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="Hugging Face's datasets is not installed")
    data = indexed("tars", tmp_path, check=True)
    theirs = datasets.load_dataset("parquet", data_dir=str(tmp_path / "tars-indexed" / "data"), cache_dir=str(tmp_path))
    assert theirs["train"].features["label"].names == data.class_names
    for split in ("train", "validation"):
        kept = theirs[split].cast_column("image", datasets.Image(decode=False))
        pairs = {(one["image"]["path"].removesuffix(".JPEG"), one["label"]): one["image"]["bytes"] for one in kept}
        assert sorted(pairs) == labelled_ids(data, split)
        assert theirs[split][0]["image"].size == (48, 40)


def test_by_default_headers_are_checked_and_parquet_is_not_read(tmp_path: Path) -> None:
    cut = {one.stem for one in photos() if not one.good and len(one.data) > 300 and one.stem.endswith("701")}
    folders = indexed("folders", tmp_path)
    bad = {one.stem for one in photos() if not one.good} - cut
    assert {one["image_id"] for one in folders.manifest["quarantined"]} == bad
    assert indexed("parquet", tmp_path).manifest["quarantined"] == []


def test_too_many_bad_files_stop_the_indexing(tmp_path: Path) -> None:
    write_folders(tmp_path / "source")
    with pytest.raises(LogpolarError, match=r"^4 of 30 files are unusable, more than the share of 0.01 .*; and 1 more"):
        index(str(tmp_path / "source"), str(tmp_path / "out"))
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_rows_are_numbered_by_id_and_stored_shuffled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_groups(monkeypatch)
    write_folders(tmp_path / "folders", many(96))
    data = indexed("folders", tmp_path)
    rows = data.rows("train")
    assert image_ids(rows) == sorted(image_ids(rows))
    for group in range(rows.group.max() + 1):
        assert len(set(rows.label[rows.group == group].tolist())) >= 2
    entry = data.manifest["splits"]["train"]["shards"][0]
    file = pq.ParquetFile(tmp_path / "folders-indexed" / entry["path"])
    assert [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)] == entry["row_groups"] == [8] * 4


def test_names_that_repeat_in_other_classes_keep_their_folder(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        for number in range(3):
            path = tmp_path / "folders" / "train" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(jpeg(number))
    data = indexed("folders", tmp_path)
    expected = [(f"{name}/{number}", label) for label, name in enumerate(["cat", "dog"]) for number in range(3)]
    assert labelled_ids(data, "train") == expected
    assert data.class_names == ["cat", "dog"]
    index(str(tmp_path / "folders-indexed"), str(tmp_path / "again"))
    assert labelled_ids(DatasetFolder.open(str(tmp_path / "again")), "train") == expected


def test_the_folder_may_lie_within_the_source(tmp_path: Path) -> None:
    write_folders(tmp_path, many(6))
    for _ in range(2):
        index(str(tmp_path), str(tmp_path / "indexed"))
    assert len(DatasetFolder.open(str(tmp_path / "indexed")).rows("train")) == 6


def test_index_of_a_data_set_folder_within_itself_finds_its_shards_again(tmp_path: Path) -> None:
    write_parquet(tmp_path)
    for _ in range(2):
        index(str(tmp_path), str(tmp_path))
    assert json.loads((tmp_path / "manifest.json").read_text())["layout"] == "parquet"


@pytest.mark.ray
def test_ray_writes_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folders(tmp_path / "source", many(40))
    small_groups(monkeypatch)
    index(str(tmp_path / "source"), str(tmp_path / "here"))
    monkeypatch.setattr("tasks.indexing.job.FEW", 0)
    index(str(tmp_path / "source"), str(tmp_path / "ray"))
    assert content(tmp_path / "ray") == content(tmp_path / "here")
