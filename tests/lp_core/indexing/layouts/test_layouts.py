"""The traps of each form of ImageNet, one by one."""

import gzip
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lp_core.errors import DataError
from lp_core.indexing.identity import imagenet_name_of, imagenet_names, imagenet_wnids, numbered_classes
from lp_core.indexing.layouts import LAYOUTS, find
from lp_core.indexing.layouts.found import Found
from lp_core.indexing.manifest import write_dataset_folder
from lp_core.storage import Storage
from tests.lp_core.indexing.imagenet_forms import (
    FORMS,
    ILSVRC2012_ID,
    NAMES,
    SAMPLE,
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
    files = collection.files[split]
    return dict(zip(files.names, files.labels.tolist(), strict=True))


@pytest.mark.parametrize("form", FORMS)
def test_recognised_by_looking(tmp_path: Path, form: str) -> None:
    FORMS[form](tmp_path)
    assert found(tmp_path).layout == form
    assert found(tmp_path, form).layout == form


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_empty_folder_is_no_layout(tmp_path: Path, layout: str) -> None:
    with pytest.raises(DataError, match=f"^source {tmp_path}: no "):
        found(tmp_path, layout)


def test_the_kit_s_own_numbers_are_never_labels(tmp_path: Path) -> None:
    write_tars(tmp_path)
    validation = labels(found(tmp_path), "validation")
    for one in photos():
        if one.split == "validation":
            assert validation[f"{one.stem}.JPEG"] == WNIDS.index(one.wnid) != ILSVRC2012_ID[one.wnid]


@pytest.mark.parametrize("packed", [True, False])
def test_the_kit_may_be_unpacked(tmp_path: Path, packed: bool) -> None:
    write_tars(tmp_path)
    if not packed:
        (tmp_path / "ILSVRC2012_devkit_t12.tar.gz").unlink()
        for name, data in devkit(compressed=False):
            write(tmp_path / name, data)
    collection = found(tmp_path)
    assert [one.name for one in collection.classes] == list(NAMES.values())
    assert labels(collection, "validation")["ILSVRC2012_val_00000001.JPEG"] == 2


def test_a_kit_that_unpacks_to_gigabytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tars(tmp_path)
    monkeypatch.setattr("lp_core.indexing.layouts.devkit._MAX_BYTES", 10_000)
    write(tmp_path / "ILSVRC2012_devkit_t12.tar.gz", gzip.compress(b"\0" * 20_000))
    with pytest.raises(DataError, match="unpacks to more than 10000 bytes"):
        found(tmp_path)


def test_a_number_beyond_the_kit_s_list_is_refused(tmp_path: Path) -> None:
    write_tars(tmp_path)
    write(tmp_path / "ILSVRC2012_img_val.tar", tar([("ILSVRC2012_val_00000009.JPEG", jpeg(1))]))
    with pytest.raises(DataError, match="none of the 8 images whose classes the development kit tells"):
        found(tmp_path)


def test_a_class_archive_that_the_kit_does_not_know_is_refused(tmp_path: Path) -> None:
    write_tars(tmp_path)
    write(tmp_path / "ILSVRC2012_img_train.tar", tar([("n99999999.tar", tar([("n99999999_1.JPEG", jpeg(1))]))]))
    with pytest.raises(DataError, match=r"n99999999\.tar is no class of the development kit"):
        found(tmp_path)


def test_the_training_archive_alone_needs_no_kit(tmp_path: Path) -> None:
    write_tars(tmp_path)
    for name in ("ILSVRC2012_img_val.tar", "ILSVRC2012_devkit_t12.tar.gz"):
        (tmp_path / name).unlink()
    classes = [("tench", WNIDS[0]), ("Shetland sheepdog", WNIDS[1]), ("toilet tissue", WNIDS[2])]
    assert [(one.name, one.wnid) for one in found(tmp_path).classes] == classes


@pytest.mark.parametrize("stray", [".ipynb_checkpoints/a-checkpoint.jpg", ".DS_Store", "__MACOSX/n01440764/._a.JPEG"])
def test_hidden_files_and_folders_do_not_shift_the_classes(tmp_path: Path, stray: str) -> None:
    write_folders(tmp_path)
    before = labels(found(tmp_path), "train")
    write(tmp_path / "train" / stray, jpeg(1))
    collection = found(tmp_path)
    assert labels(collection, "train") == before
    assert [one.wnid for one in collection.classes] == WNIDS
    assert collection.refused == []


def test_a_folder_of_classes_without_splits_is_for_training(tmp_path: Path) -> None:
    for name in ("dog", "cat"):
        write(tmp_path / name / f"{name}-1.jpg", jpeg(1))
    collection = found(tmp_path)
    assert labels(collection, "train") == {"cat/cat-1.jpg": 0, "dog/dog-1.jpg": 1}
    assert [(one.name, one.wnid) for one in collection.classes] == [("cat", None), ("dog", None)]


def test_a_flat_test_split_has_no_labels(tmp_path: Path) -> None:
    write_folders(tmp_path)
    write(tmp_path / "test" / "ILSVRC2012_test_00000001.JPEG", jpeg(1))
    assert labels(found(tmp_path), "test") == {"ILSVRC2012_test_00000001.JPEG": -1}


@pytest.mark.parametrize("form", FORMS)
def test_a_subset_of_imagenet_has_names_in_every_form(tmp_path: Path, form: str) -> None:
    FORMS[form](tmp_path)
    for listed in ("LOC_synset_mapping.txt", "ILSVRC2012_devkit_t12.tar.gz", "ILSVRC2012_img_val.tar"):
        (tmp_path / listed).unlink(missing_ok=True)
    for path in tmp_path.glob("data/*.parquet"):
        pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)
    collection = found(tmp_path)
    if form == "parquet":
        manifest = write_dataset_folder(Storage.at(tmp_path / "out"), collection)
        classes = [(one["name"], one["wnid"]) for one in manifest["classes"]]
    else:
        classes = [(one.name, one.wnid) for one in collection.classes]
    assert classes == [("tench", WNIDS[0]), ("Shetland sheepdog", WNIDS[1]), ("toilet tissue", WNIDS[2])]


def test_names_and_wnids_of_imagenet_are_in_one_order() -> None:
    wnids, names = imagenet_wnids(), imagenet_names()
    assert (len(wnids), len(set(wnids)), wnids == sorted(wnids)) == (1000, 1000, True)
    known = {0: ("n01440764", "tench"), 207: ("n02099601", "golden retriever"), 999: ("n15075141", "toilet tissue")}
    assert {index: (wnids[index], names[index]) for index in known} == known


@pytest.mark.skipif(not SAMPLE.exists(), reason=f"photographs of ImageNet are not at {SAMPLE}")
def test_names_of_imagenet_are_those_that_its_photographs_bear() -> None:
    named = {path.stem[:9]: path.stem[10:].replace("_", " ") for path in SAMPLE.glob("*.JPEG")}
    # torchvision tells the two cranes apart.
    differ = {wnid: name for wnid, name in imagenet_name_of().items() if named.get(wnid, name) != name}
    assert differ == {"n02012849": "crane bird"}


@pytest.mark.parametrize("wnids", [{}, {3: "n01491361"}, {3: "n09999999"}])
def test_a_thousand_numbered_classes_are_imagenet_s_unless_a_wnid_contradicts(wnids: dict[int, str]) -> None:
    classes = numbered_classes(1000, wnids)
    same = 3 not in wnids or wnids[3] == imagenet_wnids()[3]
    assert classes[0].name == ("tench" if same else "class 0")
    assert classes[3].name == ("tiger shark" if same else "n09999999")


def test_kaggle_may_be_given_by_any_folder_above_the_images(tmp_path: Path) -> None:
    write_kaggle(tmp_path / "imagenet")
    assert labels(found(tmp_path), "train") == labels(found(tmp_path / "imagenet"), "train")
    assert len(labels(found(tmp_path), "validation")) == 8


def test_kaggle_s_boxes_are_not_mistaken_for_the_list_of_training_images(tmp_path: Path) -> None:
    write_kaggle(tmp_path)
    assert len(labels(found(tmp_path), "train")) == sum(one.split == "train" for one in photos())


def test_kaggle_classes_come_from_the_mapping_in_sorted_order(tmp_path: Path) -> None:
    write_kaggle(tmp_path)
    lines = (tmp_path / "LOC_synset_mapping.txt").read_text().splitlines()
    (tmp_path / "LOC_synset_mapping.txt").write_text("\r\n".join(lines[::-1]), encoding="utf-8-sig")
    assert [one.wnid for one in found(tmp_path).classes] == WNIDS


def test_webdataset_keys_that_only_count_keep_the_labels(tmp_path: Path) -> None:
    members = [(f"{k:08d}.{end}", data) for k in range(3) for end, data in (("jpg", jpeg(k)), ("cls", b"%d\n" % k))]
    write(tmp_path / "imagenet-train-000000.tar", tar(members))
    collection = found(tmp_path)
    assert labels(collection, "train") == {f"{k:08d}.JPEG": k for k in range(3)}
    assert [one.name for one in collection.classes] == ["class 0", "class 1", "class 2"]


def test_webdataset_labels_may_stand_in_json_alone(tmp_path: Path) -> None:
    about = {"filename": "n02105855/n02105855_2933.JPEG", "label": 0}
    write(tmp_path / "train-0000.tar", tar([("x.jpeg", jpeg(1)), ("x.json", json.dumps(about).encode())]))
    collection = found(tmp_path)
    assert labels(collection, "train") == {"n02105855/n02105855_2933.JPEG": 0}
    assert [one.wnid for one in collection.classes] == ["n02105855"]


def test_webdataset_and_folders_hold_the_same_names(tmp_path: Path) -> None:
    write_webdataset(tmp_path / "a")
    write_folders(tmp_path / "b")
    one, other = labels(found(tmp_path / "a"), "train"), labels(found(tmp_path / "b"), "train")
    assert one == other


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
    with pytest.raises(DataError, match="shards of 1 and 2 lie side by side"):
        found(tmp_path)
