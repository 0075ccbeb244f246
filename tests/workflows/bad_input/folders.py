"""Class folders that would lose, mix up or mislabel photographs."""

from __future__ import annotations

from pathlib import Path

from tests.lp_core.indexing.imagenet_forms import (
    WNIDS,
    jpeg,
    write,
    write_folders,
)
from tests.workflows.bad_input.cases import HEIC, PHOTOS, folders_with, quarantined, refused


@refused("`val` is flat, as it comes out of the original archive")
def flat_val(source: Path) -> None:
    write_folders(source, PHOTOS)
    for path in list((source / "val").glob("*/*")):
        path.rename(source / "val" / path.name)
        path.parent.rmdir()


@refused("`val` has class folders with nothing in them")
def empty_class_folders_in_val(source: Path) -> None:
    write_folders(source, PHOTOS)
    for path in (source / "val").glob("*/*"):
        path.unlink()


@refused("a class of `val` is spelled differently in `train`")
def class_spelled_differently(source: Path) -> None:
    for split, name in (("train", "cat"), ("train", "dog"), ("val", "cats"), ("val", "dog")):
        write(source / split / name / "1.jpg", jpeg(1))


@refused("a stray folder among the classes would shift their numbers")
def stray_folder_among_classes(source: Path) -> None:
    folders_with(source, jpeg(1), "new/n01440764_7.JPEG")


@refused("a class has no photographs")
def class_without_photographs(source: Path) -> None:
    write_folders(source, PHOTOS)
    (source / "train" / WNIDS[1] / f"{WNIDS[1]}_1.JPEG").unlink()


@refused("both `val` and `validation` are there")
def val_and_validation(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "validation" / WNIDS[0] / "a.JPEG", jpeg(1))


@quarantined("a file that is not named as an image")
def file_without_image_name(source: Path) -> None:
    folders_with(source, b"hello", f"{WNIDS[0]}/notes.txt")


@quarantined("a photograph beside the class folders")
def photograph_beside_class_folders(source: Path) -> None:
    folders_with(source, jpeg(1), "n01440764_5.JPEG")


@refused("splits lie in two folders")
def splits_in_two_folders(source: Path) -> None:
    for folder in ("imagenet", "imagenet-v2"):
        write_folders(source / folder, PHOTOS)


@refused("class folders lie one folder deeper")
def class_folders_too_deep(source: Path) -> None:
    for part, wnid in (("part1", WNIDS[0]), ("part2", WNIDS[1])):
        write(source / "train" / part / wnid / f"{wnid}_1.JPEG", jpeg(1))


@refused("`val` is flat, and of the development kit only the numbers are there")
def flat_val_with_ground_truth_only(source: Path) -> None:
    write_folders(source, PHOTOS)
    for path in list((source / "val").glob("*/*")):
        path.rename(source / "val" / path.name)
        path.parent.rmdir()
    write(source / "ILSVRC2012_validation_ground_truth.txt", "490\n361\n171\n")


@quarantined("an image in neither split")
def image_in_neither_split(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "new" / "n01440764_5.JPEG", jpeg(1))


@refused("a class is named like a split")
def class_named_like_split(source: Path) -> None:
    for name in ("bus", "car", "train"):
        write(source / name / "1.jpg", jpeg(1))


@refused("two class folders are the same number")
def two_class_folders_same_number(source: Path) -> None:
    for name in ("0", "1", "01"):
        write(source / name / "1.jpg", jpeg(1))


@refused("class folders hold HEIC photographs alone")
def class_folders_hold_heic_photographs_alone(source: Path) -> None:
    for name in ("cat", "dog"):
        write(source / name / "IMG_0001.HEIC", HEIC)


@refused("a line of Tiny ImageNet's list names no class")
def line_tiny_imagenet_s_list_names_no_class(source: Path) -> None:
    write(source / "train" / WNIDS[0] / "images" / f"{WNIDS[0]}_0.JPEG", jpeg(1))
    write(source / "val" / "images" / "val_0.JPEG", jpeg(2))
    write(source / "val" / "val_annotations.txt", "val_0.JPEG cat\n")


@refused("`--validation-share` of a collection that has a validation split")
def validation_share_collection_has_validation_split(source: Path) -> list[str]:
    write_folders(source, PHOTOS)
    return ["--validation-share", "0.1"]


@refused("`--validation-share` in percent")
def validation_share_in_percent(source: Path) -> list[str]:
    write_folders(source, PHOTOS)
    return ["--validation-share", "10"]


@refused("`--validation-share` of classes with one photograph each")
def validation_share_classes_one_photograph_each(source: Path) -> list[str]:
    for name in ("cat", "dog"):
        write(source / name / "1.jpg", jpeg(1))
    return ["--validation-share", "0.1"]
