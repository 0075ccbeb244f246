"""Archives that are cut, damaged, incomplete or made by people who mean harm."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from tests.lp_core.indexing.imagenet_forms import (
    WNIDS,
    jpeg,
    tar,
    write,
    write_tars,
)
from tests.workflows.bad_input.cases import PHOTOS, TRAIN_TAR, VAL_TAR, quarantined, refused, replaced


@refused("a download of the training archive stopped half-way")
def training_archive_cut_short(source: Path) -> None:
    write_tars(source, PHOTOS)
    replaced(source / TRAIN_TAR, lambda data: data[: len(data) // 2])


@refused("the archive is a web page that asks to log in")
def web_page_as_archive(source: Path) -> None:
    write_tars(source, PHOTOS)
    replaced(source / VAL_TAR, lambda data: b"<!DOCTYPE html><html><body>Please log in</body></html>" * 30)


@refused("a class's archive within the training archive is damaged")
def damaged_archive_of_a_class(source: Path) -> None:
    write_tars(source, PHOTOS)
    name = f"{WNIDS[1]}_1.JPEG".encode()
    replaced(source / TRAIN_TAR, lambda data: data.replace(name, b"\0\0\0" + name[3:]))


@refused("archives were joined with `cat`")
def joined_archives(source: Path) -> None:
    write_tars(source, PHOTOS)
    replaced(source / VAL_TAR, lambda data: data + data)


@refused("the development kit is missing")
def no_devkit(source: Path) -> None:
    write_tars(source, PHOTOS)
    (source / "ILSVRC2012_devkit_t12.tar.gz").unlink()


@refused("the development kit is damaged")
def damaged_devkit(source: Path) -> None:
    write_tars(source, PHOTOS)
    replaced(source / "ILSVRC2012_devkit_t12.tar.gz", lambda data: data[:-100])


@refused("the validation archive holds other files")
def validation_archive_of_other_files(source: Path) -> None:
    write_tars(source, PHOTOS)
    write(source / VAL_TAR, tar([("IMG_0001.JPEG", jpeg(1))]))


@refused("a sample of a webdataset has a class that is no number")
def webdataset_class_not_a_number(source: Path) -> None:
    write(source / "train-0000.tar", tar([("a.jpg", jpeg(1)), ("a.cls", b"tench")]))


@refused("a webdataset calls one wnid by two numbers")
def webdataset_wnid_with_two_numbers(source: Path) -> None:
    samples = [("n01440764_1", b"0"), ("n02105855_1", b"1"), ("n02105855_2", b"0")]
    members = [(f"{key}{end}", data) for key, cls in samples for end, data in ((".jpg", jpeg(1)), (".cls", cls))]
    write(source / "train-0000.tar", tar(members))


@refused("a webdataset counts its classes from 1")
def webdataset_classes_counted_from_1(source: Path) -> None:
    members = [(f"{key}.{end}", data) for key in (1, 1000) for end, data in (("cls", str(key).encode()), ("jpg", b"?"))]
    write(source / "train-0000.tar", tar(members))


@refused("no sample of a webdataset has a class")
def no_sample_webdataset_has_class(source: Path) -> None:
    members = [(f"{key}.{end}", data) for key in range(5) for end, data in (("jpg", jpeg(key)), ("txt", b"a cat"))]
    write(source / "train-0000.tar", tar(members))


@quarantined("a sample of a webdataset without a class")
def webdataset_sample_without_class(source: Path) -> None:
    samples = [("a.jpg", jpeg(1)), ("a.cls", b"0"), ("b.jpg", jpeg(2))]
    write(source / "train-0000.tar", tar(samples))


@quarantined("a mask beside a photograph of a webdataset")
def mask_beside_photograph_webdataset(source: Path) -> None:
    write(source / "train-0000.tar", tar([("a.jpg", jpeg(1)), ("a.seg.png", jpeg(2)), ("a.cls", b"0")]))


def with_member(source: Path, about: tarfile.TarInfo, data: bytes = b"") -> None:
    write_tars(source, PHOTOS)
    with tarfile.open(source / VAL_TAR, "a") as archive:
        about.size = len(data)
        archive.addfile(about, io.BytesIO(data))


@quarantined("an archive's member with an absolute path")
def member_with_absolute_path(source: Path) -> None:
    with_member(source, tarfile.TarInfo("/etc/cron.d/x.JPEG"), jpeg(1))


@quarantined("an archive's member whose path leads out of it")
def member_with_path_out_of_the_archive(source: Path) -> None:
    with_member(source, tarfile.TarInfo("../../x.JPEG"), jpeg(1))


@quarantined("a link in an archive")
def link_in_archive(source: Path) -> None:
    about = tarfile.TarInfo("x.JPEG")
    about.type, about.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with_member(source, about)


@quarantined("a device in an archive")
def device_in_archive(source: Path) -> None:
    about = tarfile.TarInfo("x.JPEG")
    about.type = tarfile.CHRTYPE
    with_member(source, about)


@quarantined("a member of an archive that a later one replaces")
def member_replaced_by_a_later_one(source: Path) -> None:
    with_member(source, tarfile.TarInfo("ILSVRC2012_val_00000002.JPEG"), jpeg(1))
