"""Copies of ImageNet as they lie on people's disks: moved, half unpacked, in folders, with lists beside."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lp_core.errors import DataError
from lp_core.indexing.layouts import find
from lp_core.indexing.layouts.found import Found
from lp_core.indexing.manifest import write_dataset_folder
from lp_core.storage import Storage
from tests.lp_core.indexing.imagenet_forms import (
    NAMES,
    WNIDS,
    devkit,
    jpeg,
    photos,
    tar,
    write,
    write_folders,
    write_kaggle,
    write_parquet,
    write_tars,
    write_webdataset,
)


def found(path: Path, layout: str | None = None) -> Found:
    return find(Storage.at(path), layout)


def labels(collection: Found, split: str) -> dict[str, int]:
    """Class index by the name of the file."""
    files = collection.files[split]
    return {Path(name).stem: label for name, label in zip(files.names, files.labels.tolist(), strict=True)}


def expected(split: str) -> dict[str, int]:
    return {one.stem: WNIDS.index(one.wnid) for one in photos() if one.split == split}


def flatten(val: Path) -> None:
    for path in list(val.glob("*/*")):
        path.rename(val / path.name)
    for folder in list(val.glob("n*")):
        folder.rmdir()


def is_whole(collection: Found) -> None:
    for split in ("train", "validation"):
        assert labels(collection, split) == expected(split)
    assert collection.refused == []
    assert [one.wnid for one in collection.classes] == WNIDS


@pytest.mark.parametrize(
    ("train", "val"),
    [
        ("Train", "VAL"),
        ("imagenet/train", "imagenet/val"),
        ("data/imagenet/train", "data/imagenet/valid"),
        ("ILSVRC2012_img_train", "ILSVRC2012_img_val"),
        ("train/ILSVRC2012_img_train", "val/ILSVRC2012_img_val"),
        ("train/images", "validation/images"),
    ],
)
def test_folders_around_the_splits_and_the_classes_are_no_classes(tmp_path: Path, train: str, val: str) -> None:
    write_folders(tmp_path / "plain")
    for plain, moved in (("train", train), ("val", val)):
        (tmp_path / "source" / moved).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "plain" / plain).rename(tmp_path / "source" / moved)
    is_whole(found(tmp_path / "source"))


def test_classes_alone_in_a_folder(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        write(tmp_path / "pictures" / name / f"{name}-1.JPG", jpeg(1))
    assert labels(found(tmp_path), "train") == {"cat-1": 0, "dog-1": 1}


@pytest.mark.parametrize("place", ["", "val/", "ILSVRC2012_devkit_t12/data/"])
def test_a_flat_val_beside_the_unpacked_devkit(tmp_path: Path, place: str) -> None:
    write_folders(tmp_path)
    flatten(tmp_path / "val")
    for name, data in devkit():
        write(tmp_path / place / Path(name).name, data)
    collection = found(tmp_path)
    assert labels(collection, "validation") == expected("validation")
    assert labels(collection, "train") == expected("train")


def test_a_flat_val_beside_the_packed_devkit(tmp_path: Path) -> None:
    write_tars(tmp_path / "tars")
    write_folders(tmp_path / "source")
    flatten(tmp_path / "source" / "val")
    shutil.copy(tmp_path / "tars" / "ILSVRC2012_devkit_t12.tar.gz", tmp_path / "source")
    is_whole(found(tmp_path / "source"))


@pytest.mark.parametrize("train", [True, False])
def test_a_flat_val_beside_kaggle_s_list(tmp_path: Path, train: bool) -> None:
    write_kaggle(tmp_path / "kaggle")
    write_folders(tmp_path / "source")
    flatten(tmp_path / "source" / "val")
    shutil.copy(tmp_path / "kaggle" / "LOC_val_solution.csv", tmp_path / "source")
    if train:
        is_whole(found(tmp_path / "source"))
    else:
        shutil.rmtree(tmp_path / "source" / "train")
        assert labels(found(tmp_path / "source"), "validation") == expected("validation")


def test_a_flat_val_beside_tensorflow_s_list(tmp_path: Path) -> None:
    write_folders(tmp_path)
    flatten(tmp_path / "val")
    validation = sorted((one.stem, one.wnid) for one in photos() if one.split == "validation")
    write(tmp_path / "imagenet_2012_validation_synset_labels.txt", "".join(f"{wnid}\n" for _, wnid in validation))
    is_whole(found(tmp_path))


def test_the_kit_s_numbers_alone_are_not_believed(tmp_path: Path) -> None:
    write_folders(tmp_path)
    flatten(tmp_path / "val")
    name, data = devkit()[1]
    write(tmp_path / "val" / Path(name).name, data)
    with pytest.raises(DataError, match=r"ground_truth.txt counts classes in an order of its own .* meta.mat tells"):
        found(tmp_path)


def test_hidden_files_symlinks_and_endings_of_either_case(tmp_path: Path) -> None:
    write_folders(tmp_path / "plain")
    shutil.copytree(tmp_path / "plain", tmp_path / "source")
    train = tmp_path / "source" / "train"
    moved = sorted((train / WNIDS[0]).iterdir())
    for path, ending in zip(moved, (".jpg", ".JPG", ".jpeg", ".Jpeg"), strict=False):
        path.rename(path.with_suffix(ending))
    shutil.rmtree(train / WNIDS[1])
    (train / WNIDS[1]).symlink_to(tmp_path / "plain" / "train" / WNIDS[1])
    linked = next((train / WNIDS[2]).iterdir())
    linked.unlink()
    linked.symlink_to(tmp_path / "plain" / "train" / WNIDS[2] / linked.name)
    for hidden in (".DS_Store", f"{WNIDS[0]}/._n01440764_10.JPEG", ".ipynb_checkpoints/x.JPEG", "Thumbs.db/.x.jpg"):
        write(train / hidden, b"?")
    (train / "Thumbs.db" / ".x.jpg").unlink()
    (train / "Thumbs.db").rmdir()
    is_whole(found(tmp_path / "source"))


def test_empty_class_folders_of_val_are_no_loss(tmp_path: Path) -> None:
    write_folders(tmp_path)
    for path in (tmp_path / "val" / WNIDS[0]).iterdir():
        path.unlink()
    collection = found(tmp_path)
    assert labels(collection, "validation") == {k: v for k, v in expected("validation").items() if v != 0}


def test_images_outside_of_the_splits_are_named(tmp_path: Path) -> None:
    write_folders(tmp_path)
    write(tmp_path / "new" / "n01440764_99.JPEG", jpeg(1))
    [one] = found(tmp_path).refused
    assert (one.where, one.image_id) == ("new/n01440764_99.JPEG", "n01440764_99")
    assert one.reason == "an image outside of the collection (layout folders)"


def test_an_extracted_folder_beside_an_archive_is_not_lost(tmp_path: Path) -> None:
    write_tars(tmp_path)
    (tmp_path / "ILSVRC2012_img_train.tar").unlink()
    write_folders(tmp_path)
    shutil.rmtree(tmp_path / "val")
    collection = found(tmp_path)
    assert set(collection.files) == {"validation"}
    assert {one.image_id for one in collection.refused} == set(expected("train"))


@pytest.mark.parametrize("folder", ["", "train", "ILSVRC2012_img_train"])
def test_the_training_archive_unpacked_once(tmp_path: Path, folder: str) -> None:
    write_tars(tmp_path)
    (tmp_path / "ILSVRC2012_img_train.tar").unlink()
    for wnid in WNIDS:
        members = [(f"{one.stem}.JPEG", one.data) for one in photos() if one.split == "train" and one.wnid == wnid]
        write(tmp_path / folder / f"{wnid}.tar", tar(members))
    collection = found(tmp_path)
    assert collection.layout == "tars"
    is_whole(collection)
    content = {one.stem: one.data for one in photos()}
    files = collection.files["train"]
    for name, holder, offset, size in zip(files.names, files.holders, files.offsets, files.sizes, strict=True):
        assert (tmp_path / holder).read_bytes()[offset : offset + size] == content[Path(name).stem]


def test_what_a_mac_adds_to_archives_is_not_looked_at(tmp_path: Path) -> None:
    write_tars(tmp_path)
    validation = [(f"{one.stem}.JPEG", one.data) for one in photos() if one.split == "validation"]
    twins = [(f"./._{name}", b"\0\5\x16\7") for name, _ in validation]
    write(tmp_path / "ILSVRC2012_img_val.tar", tar([*twins, *validation, ("val/.DS_Store", b"?")]))
    is_whole(found(tmp_path))


def test_kaggle_with_a_val_that_was_sorted_into_classes(tmp_path: Path) -> None:
    write_kaggle(tmp_path)
    (tmp_path / "LOC_val_solution.csv").unlink()
    val = tmp_path / "ILSVRC" / "Data" / "CLS-LOC" / "val"
    for one in photos():
        if one.split == "validation":
            (val / one.wnid).mkdir(exist_ok=True)
            (val / f"{one.stem}.JPEG").rename(val / one.wnid / f"{one.stem}.JPEG")
    is_whole(found(tmp_path))


def test_webdataset_splits_may_be_folders(tmp_path: Path) -> None:
    write_webdataset(tmp_path / "plain")
    for path in (tmp_path / "plain").glob("*.tar"):
        _, split, number = path.stem.split("-")
        (tmp_path / "source" / split).mkdir(parents=True, exist_ok=True)
        path.rename(tmp_path / "source" / split / f"{number}.tar")
    is_whole(found(tmp_path / "source"))


def test_webdataset_labels_that_join_several_wnids_are_taken_as_they_are(tmp_path: Path) -> None:
    samples = [(f"{WNIDS[0]}_1", 0), (f"{WNIDS[2]}_1", 0), (f"{WNIDS[1]}_1", 1)]
    members = [(f"{key}.{end}", data) for key, k in samples for end, data in (("jpg", jpeg(k)), ("cls", b"%d" % k))]
    write(tmp_path / "train-0000.tar", tar(members))
    collection = found(tmp_path)
    assert labels(collection, "train") == dict(samples)
    assert [(one.name, one.wnid) for one in collection.classes] == [
        ("class 0", None),
        ("Shetland sheepdog", WNIDS[1]),
    ]


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
    with pytest.raises(DataError, match="'label' must be a class's number, it is "):
        indexed(tmp_path, table(label))


@pytest.mark.parametrize(
    ("label", "message"), [(2**64 - 1, "row group 0: .* not in range"), (10**15, "more than 1000000 classes")]
)
def test_labels_beyond_reason_are_refused(tmp_path: Path, label: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
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
    with pytest.raises(DataError, match=f"label 0 is {WNIDS[2]} and label 1 is {WNIDS[1]}: .*ILSVRC2012_ID"):
        indexed(tmp_path, table(pa.array([0, 1, 2]), paths=paths))


def test_labels_that_join_several_wnids_are_taken_as_they_are(tmp_path: Path) -> None:
    paths = [f"{wnid}_{k}.JPEG" for k, wnid in enumerate([WNIDS[0], WNIDS[2], WNIDS[1]])]
    manifest = indexed(tmp_path, table(pa.array([0, 0, 1]), names=["living", "dead"], paths=paths))
    assert [one["wnid"] for one in manifest["classes"]] == [None, WNIDS[1]]


def test_a_wnid_with_two_labels_is_refused(tmp_path: Path) -> None:
    paths = [f"{WNIDS[0]}_{k}.JPEG" for k in range(2)]
    with pytest.raises(DataError, match=f"{WNIDS[0]}_1.JPEG has label 1, other photographs of class .* have 0"):
        indexed(tmp_path, table(pa.array([0, 1]), paths=paths))


def test_labels_that_count_from_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the classes count from 1 to 1000"):
        indexed(tmp_path, table(pa.array([1, 1000])))


def test_one_copy_in_another_folder_does_not_rename_all_others(tmp_path: Path) -> None:
    write_folders(tmp_path / "source")
    name = next((tmp_path / "source" / "train" / WNIDS[0]).iterdir()).name
    shutil.copy(tmp_path / "source" / "train" / WNIDS[0] / name, tmp_path / "source" / "train" / WNIDS[1] / name)
    from lp_core.indexing.plan import Plan

    files = found(tmp_path / "source").files["train"]
    ids = {one.image_id for piece in Plan("train", files, 0).pieces() for one in piece.wanted}
    twice = {f"{wnid}/{Path(name).stem}" for wnid in WNIDS[:2]}
    assert ids == set(expected("train")) - {Path(name).stem} | twice


def test_class_names_from_the_devkit(tmp_path: Path) -> None:
    write_tars(tmp_path)
    assert [one.name for one in found(tmp_path).classes] == list(NAMES.values())
