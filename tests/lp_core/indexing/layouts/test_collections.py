"""Collections as people have them: numbered classes, Tiny ImageNet, Caltech-101, odd names, files of every kind."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

import pytest

from lp_core.errors import DataError
from lp_core.indexing.endings import IMAGE_ENDINGS, UNREAD
from lp_core.indexing.layouts import find
from lp_core.indexing.layouts.found import Found
from lp_core.indexing.leftovers import FILES, FOLDERS, SUFFIXES
from lp_core.indexing.plan import Plan
from lp_core.storage import Storage
from tests.lp_core.indexing.imagenet_forms import WNIDS, jpeg, photos, tar, write, write_folders, write_tars


def found(path: Path) -> Found:
    return find(Storage.at(path))


def labels(collection: Found, split: str = "train") -> dict[str, int]:
    files = collection.files[split]
    return dict(zip(files.names, files.labels.tolist(), strict=True))


def write_classes(root: Path, names: list[str], file: str = "a.jpg") -> None:
    for name in names:
        write(root / name / file, b"?")


def class_names(collection: Found) -> list[str]:
    return [one.name for one in collection.classes]


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("split", ["", "train", "val"])
def test_folders_numbered_from_zero_are_the_labels(tmp_path: Path, split: str, width: int) -> None:
    write_classes(tmp_path / split, [f"{number:0{width}d}" for number in range(12)])
    collection = found(tmp_path)
    of_split = labels(collection, "validation" if split == "val" else "train")
    assert of_split == {f"{number:0{width}d}/a.jpg": number for number in range(12)}
    assert collection.notes == []


@pytest.mark.parametrize(
    ("numbers", "note"),
    [
        (range(1, 103), "numbered 1 to 102, 102 in all: .* folder 1 is class 0"),
        ([0, 1, 2, 10, 11], "numbered 0 to 11, 5 in all: .* folder 10 is class 3"),
    ],
)
def test_other_numbers_are_sorted_by_value_and_said(tmp_path: Path, numbers: list[int], note: str) -> None:
    write_classes(tmp_path, [str(number) for number in numbers])
    collection = found(tmp_path)
    assert labels(collection) == {f"{number}/a.jpg": index for index, number in enumerate(numbers)}
    assert class_names(collection) == [str(number) for number in numbers]
    [said] = collection.notes
    assert re.search(note, said)


def test_one_number_spelled_in_two_ways_is_refused(tmp_path: Path) -> None:
    write_classes(tmp_path, ["0", "1", "01"])
    with pytest.raises(DataError, match=r"class folders (01 and 1|1 and 01) are the same number"):
        found(tmp_path)


@pytest.mark.parametrize("names", [["2", "10", "other"], ["1.5", "10", "9"], ["²", "10", "9"]])
def test_names_that_are_not_all_whole_numbers_are_sorted_as_text(tmp_path: Path, names: list[str]) -> None:
    write_classes(tmp_path, names)
    assert class_names(found(tmp_path)) == sorted(names)


def test_imagenet_v2(tmp_path: Path) -> None:
    write_classes(tmp_path / "imagenetv2-matched-frequency-format-val", [str(number) for number in range(1000)])
    collection = found(tmp_path)
    assert labels(collection)["207/a.jpg"] == 207
    assert [class_names(collection)[index] for index in (0, 207, 999)] == ["tench", "golden retriever", "toilet tissue"]
    assert "taken for ImageNet's classes" in collection.notes[0]


def write_tiny(root: Path) -> None:
    """Tiny ImageNet as the archive unpacks."""
    root = root / "tiny-imagenet-200"
    for wnid in WNIDS:
        for number in range(3):
            write(root / "train" / wnid / "images" / f"{wnid}_{number}.JPEG", jpeg(number))
        write(root / "train" / wnid / f"{wnid}_boxes.txt", f"{wnid}_0.JPEG\t0\t0\t62\t62\n")
    order = [2, 0, 1, 1]
    lines = [f"val_{number}.JPEG\t{WNIDS[place]}\t0\t32\t44\t62" for number, place in enumerate(order)]
    write(root / "val" / "val_annotations.txt", "\n".join(lines) + "\n")
    for number in range(4):
        write(root / "val" / "images" / f"val_{number}.JPEG", jpeg(number))
        write(root / "test" / "images" / f"test_{number}.JPEG", jpeg(number))
    write(root / "wnids.txt", "\n".join(WNIDS[::-1]))
    words = {"n00001740": "entity", WNIDS[0]: "tench, Tinca tinca", WNIDS[1]: "Shetland sheepdog, Shetland"}
    write(root / "words.txt", "".join(f"{wnid}\t{name}\n" for wnid, name in words.items()))


def test_tiny_imagenet_as_it_is_distributed(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    collection = found(tmp_path)
    assert {split: len(files.names) for split, files in collection.files.items()} == {
        "train": 9,
        "validation": 4,
        "test": 4,
    }
    assert labels(collection, "validation") == {"val_0.JPEG": 2, "val_1.JPEG": 0, "val_2.JPEG": 1, "val_3.JPEG": 1}
    assert set(labels(collection, "test").values()) == {-1}
    assert labels(collection)[f"{WNIDS[1]}/images/{WNIDS[1]}_2.JPEG"] == 1
    assert class_names(collection) == ["tench, Tinca tinca", "Shetland sheepdog, Shetland", "toilet tissue"]
    assert collection.refused == []


@pytest.mark.parametrize("inner", ["", "images"])
@pytest.mark.parametrize("emptied", [True, False])
def test_tiny_imagenet_with_val_sorted_into_class_folders(tmp_path: Path, inner: str, emptied: bool) -> None:
    write_tiny(tmp_path)
    val = tmp_path / "tiny-imagenet-200" / "val"
    for number, place in enumerate([2, 0, 1, 1]):
        folder = val / WNIDS[place] / inner
        folder.mkdir(parents=True, exist_ok=True)
        (val / "images" / f"val_{number}.JPEG").rename(folder / f"val_{number}.JPEG")
    if not emptied:
        (val / "images").rmdir()
    by_stem = {Path(name).stem: label for name, label in labels(found(tmp_path), "validation").items()}
    assert by_stem == {"val_0": 2, "val_1": 0, "val_2": 1, "val_3": 1}


def test_tiny_imagenet_with_a_damaged_list_is_refused(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    write(tmp_path / "tiny-imagenet-200" / "val" / "val_annotations.txt", "val_0.JPEG\tcat\n")
    with pytest.raises(DataError, match=r"val_annotations.txt, line 1: .* is expected, not 'val_0.JPEG\\tcat'"):
        found(tmp_path)


@pytest.mark.parametrize("text", ["the words of\nthis collection\n", "", "\n", b"\xff\xfe\x00"])
def test_another_file_called_words_names_no_classes(tmp_path: Path, text: str | bytes) -> None:
    write_classes(tmp_path / "train", WNIDS)
    write(tmp_path / "words.txt", text)
    assert class_names(found(tmp_path)) == ["tench", "Shetland sheepdog", "toilet tissue"]


@pytest.mark.parametrize("name", ["tiny-imagenet-200.zip", "101_ObjectCategories.tar.gz"])
def test_a_packed_collection_is_to_be_unpacked(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"?")
    with pytest.raises(DataError, match=f"it holds {re.escape(name)}; unpack {re.escape(name)} first$"):
        found(tmp_path)


def test_caltech_101(tmp_path: Path) -> None:
    for name in ("accordion", "BACKGROUND_Google", "yin_yang"):
        for number in (1, 2):
            write(tmp_path / "caltech-101" / "101_ObjectCategories" / name / f"image_{number:04d}.jpg", b"?")
            write(tmp_path / "caltech-101" / "Annotations" / name / f"annotation_{number:04d}.mat", b"?")
    collection = found(tmp_path)
    assert class_names(collection) == ["BACKGROUND_Google", "accordion", "yin_yang"]
    assert collection.refused == []
    assert sorted(ids(collection))[-1] == "yin_yang/image_0002"


def test_a_class_without_photographs_beside_a_deep_one_is_still_refused(tmp_path: Path) -> None:
    write(tmp_path / "train" / "cat" / "2019" / "a.jpg", b"?")
    write(tmp_path / "train" / "cat" / "2020" / "a.jpg", b"?")
    write(tmp_path / "train" / "dog" / "notes.txt", b"?")
    with pytest.raises(DataError, match="dog holds no photographs"):
        found(tmp_path)


@pytest.mark.parametrize("like", ["train", "Train", "test", "val", "valid"])
@pytest.mark.parametrize("above", ["", "pictures"])
def test_a_class_named_like_a_split_is_told_how_to_be_arranged(tmp_path: Path, like: str, above: str) -> None:
    write_classes(tmp_path / above, ["bus", "car", like])
    train = f"{above}/train" if above else "train"
    with pytest.raises(DataError, match=f"{like} is named like a split, .* move them into a folder {train}: ") as error:
        found(tmp_path)
    assert f"{train}/bus, {train}/{like}" in str(error.value)
    (tmp_path / above).rename(tmp_path.parent / "moved")
    (tmp_path / train).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path.parent / "moved").rename(tmp_path / train)
    assert labels(found(tmp_path)) == {f"{name}/a.jpg": i for i, name in enumerate(sorted(["bus", "car", like]))}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_class_names_that_differ_in_unicode_form_are_joined(tmp_path: Path, form: str) -> None:
    other = "NFD" if form == "NFC" else "NFC"
    café = {name: unicodedata.normalize(name, "café") for name in (form, other)}
    write_classes(tmp_path / "train", [café[form], "tea"])
    write_classes(tmp_path / "train", [café[other]], "b.jpg")
    write_classes(tmp_path / "val", [café[other], "tea"])
    collection = found(tmp_path)
    assert class_names(collection) == [unicodedata.normalize("NFC", "café"), "tea"]
    assert labels(collection) == {f"{café[form]}/a.jpg": 0, f"{café[other]}/b.jpg": 0, "tea/a.jpg": 1}
    assert labels(collection, "validation") == {f"{café[other]}/a.jpg": 0, "tea/a.jpg": 1}


def ids(collection: Found, split: str = "train") -> list[str]:
    return [one.image_id for piece in Plan(split, collection.files[split], 0).pieces() for one in piece.wanted]


def test_image_ids_do_not_depend_on_the_unicode_form(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        for name in ("é1", "é2"):
            write(tmp_path / form / "cat" / f"{unicodedata.normalize(form, name)}.jpg", b"?")
    assert ids(found(tmp_path / "NFC")) == ids(found(tmp_path / "NFD"))


def test_of_two_files_with_one_stem_the_ids_are_their_whole_paths(tmp_path: Path) -> None:
    for name in ("cat/1.jpg", "cat/1.png", "cat/2.jpg", "dog/2.jpg", "dog/3.jpg"):
        write(tmp_path / "train" / name, b"?")
    assert sorted(ids(found(tmp_path))) == ["cat/2", "dog/2", "dog/3", "train/cat/1.jpg", "train/cat/1.png"]


@pytest.mark.parametrize("ending", [".gif", ".jfif", ".avif", ".jp2", ".JPE", ".tga"])
def test_whatever_pillow_reads_is_a_photograph(tmp_path: Path, ending: str) -> None:
    write_classes(tmp_path, ["cat", "dog"], f"a{ending}")
    collection = found(tmp_path)
    assert len(labels(collection)) == 2
    assert collection.refused == []
    assert ending.lower() in IMAGE_ENDINGS


@pytest.mark.parametrize("ending", sorted(UNREAD))
@pytest.mark.parametrize("place", ["train/cat/", "other/", ""])
def test_what_nobody_reads_is_named_wherever_it_lies(tmp_path: Path, ending: str, place: str) -> None:
    write_classes(tmp_path / "train", ["cat", "dog"])
    write(tmp_path / f"{place}x{ending.upper()}", b"?")
    [refused] = found(tmp_path).refused
    assert refused.where == f"{place}x{ending.upper()}"
    assert refused.reason == f"{UNREAD[ending]} ({ending.upper()}) is not read; convert it to JPEG or PNG"


def test_classes_of_unreadable_pictures_alone_say_so(tmp_path: Path) -> None:
    write_classes(tmp_path, ["cat", "dog"], "a.heic")
    with pytest.raises(DataError, match=r"2 pictures that cannot be read: cat/a.heic: HEIC \(.heic\) is not read"):
        found(tmp_path)
    write(tmp_path / "dog" / "b.jpg", b"?")
    with pytest.raises(DataError, match=r"cat holds no photographs, only cat/a.heic: HEIC .* convert"):
        found(tmp_path)


LEFT = [
    *(f"{folder}/x.jpg" for folder in FOLDERS),
    *FILES,
    *(f"x.jpg{end}" for end in SUFFIXES),
    ".DS_Store",
    "._x.JPEG",
    ".Trash-1000/x.jpg",
    "THUMBS.DB",
]


@pytest.mark.parametrize("left", LEFT)
def test_leftovers_of_systems_are_ignored_in_folders_and_archives(tmp_path: Path, left: str) -> None:
    write_folders(tmp_path / "folders")
    for folder in ("", "train", f"train/{WNIDS[0]}", f"val/{WNIDS[0]}"):
        write(tmp_path / "folders" / folder / left, jpeg(1))
    write_tars(tmp_path / "tars")
    class_tar = [(f"{WNIDS[0]}_1.JPEG", jpeg(1)), (left, jpeg(2)), (f"./sub/{left}", jpeg(2))]
    write(tmp_path / "tars" / "ILSVRC2012_img_train.tar", tar([(f"{WNIDS[0]}.tar", tar(class_tar)), (left, b"?")]))
    sample = [("a.jpg", jpeg(1)), ("a.cls", b"0"), (left, jpeg(2)), (f"sub/{left}", jpeg(2))]
    write(tmp_path / "webdataset" / "train-0000.tar", tar(sample))
    rows = {form: len(labels(found(tmp_path / form))) for form in ("folders", "tars", "webdataset")}
    assert rows == {"folders": sum(one.split == "train" for one in photos()), "tars": 1, "webdataset": 1}
    assert [found(tmp_path / form).refused for form in rows] == [[], [], []]


@pytest.mark.parametrize("left", ["lost+found", "#snapshot", ".Trash-1000", "train/@eaDir"])
def test_leftover_folders_are_not_entered(tmp_path: Path, left: str) -> None:
    write_folders(tmp_path / "plain")
    source = tmp_path / "source"
    (tmp_path / "plain").rename(source)
    (source / left).mkdir()
    (source / left / "again").symlink_to(source)  # refused where folders are entered, as one that may not be read is
    Path(os.fsdecode(bytes(source / left) + b"/caf\xe9.JPEG")).touch()
    assert len(labels(found(source))) == sum(one.split == "train" for one in photos())


def test_the_lists_of_names_and_endings_are_documented() -> None:
    page = (Path(__file__).parents[4] / "docs" / "DATA.md").read_text()
    names = [name for name in (*FOLDERS, *FILES, *SUFFIXES) if name.isprintable()]
    raw = {ending for ending, what in UNREAD.items() if "camera" in what}
    missing = [name for name in (*names, *IMAGE_ENDINGS, *(UNREAD.keys() - raw)) if f"`{name}`" not in page]
    assert missing == []


def webdataset(tmp_path: Path, names: list[str]) -> tuple[list[str], dict[str, str]]:
    """Names of the photographs, and reasons by member of the others."""
    write(tmp_path / "train-0000.tar", tar([(name, b"0" if name.endswith(".cls") else jpeg(1)) for name in names]))
    collection = found(tmp_path)
    return list(labels(collection)), {one.where.partition(":")[2]: one.reason for one in collection.refused}


@pytest.mark.parametrize("order", [1, -1])
def test_a_webdataset_has_one_photograph_per_key(tmp_path: Path, order: int) -> None:
    names = ["000.jpg", "000.seg.png", "000.thumb.jpg", "000.cls", "001.seg.png", "001.png", "001.cls"]
    photographs, others = webdataset(tmp_path, names[::order])
    assert sorted(photographs) == ["000.JPEG", "001.png"]
    assert others == {
        "000.seg.png": "not the photograph of its key, which is 000.jpg",
        "000.thumb.jpg": "not the photograph of its key, which is 000.jpg",
        "001.seg.png": "not the photograph of its key, which is 001.png",
    }


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["b.left.jpg", "b.right.jpg"], "its key has no photograph with a plain ending, such as b.jpg"),
        (["b.seg.png"], "its key has no photograph with a plain ending, such as b.jpg"),
        (["b.jpg", "b.png"], "its key has 2 photographs (b.jpg, b.png); keep one"),
    ],
)
def test_a_key_whose_photograph_is_unclear_is_refused(tmp_path: Path, names: list[str], reason: str) -> None:
    photographs, others = webdataset(tmp_path, ["a.jpg", "a.cls", *names, "b.cls"])
    assert photographs == ["a.JPEG"]
    assert others == dict.fromkeys(names, reason)
