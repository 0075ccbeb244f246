"""What `logpolar index` says to bad input; `docs/BAD_INPUT.md` is made from these cases and compared with them.

Write the page anew with `python -m tests.workflows.test_index_bad_input`.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.lp_core.dataset.imagenet_forms import (
    FORMS,
    WNIDS,
    Photo,
    bomb,
    jpeg,
    tar,
    write,
    write_folders,
    write_kaggle,
    write_parquet,
    write_tars,
    write_webdataset,
)
from workflows.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "BAD_INPUT.md"
TRAIN_TAR = "ILSVRC2012_img_train.tar"
VAL_TAR = "ILSVRC2012_img_val.tar"
PHOTOS = tuple(
    Photo(split, stem, wnid, jpeg(seed))
    for seed, wnid in enumerate(WNIDS)
    for split, stem in (("train", f"{wnid}_{seed}"), ("validation", f"ILSVRC2012_val_{seed + 1:08d}"))
)
"""Six photographs of three classes, nothing wrong with them."""

Case = Callable[[Path], list[str] | None]
REFUSED: dict[str, Case] = {}
QUARANTINED: dict[str, Case] = {}


def refused(title: str) -> Callable[[Case], Case]:
    return lambda case: REFUSED.setdefault(title, case)


def quarantined(title: str) -> Callable[[Case], Case]:
    return lambda case: QUARANTINED.setdefault(title, case)


def replaced(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


@refused("the source is not there")
def _(source: Path) -> None:
    pass


@refused("the source is an empty folder")
def _(source: Path) -> None:
    source.mkdir()


@refused("the source holds something else")
def _(source: Path) -> None:
    for name in ("notes.txt", "imagenet.zip", "ILSVRC2012_bbox_train_v2.tar.gz"):
        write(source / name, b"?")


@refused("two forms of ImageNet lie side by side")
def _(source: Path) -> None:
    write_tars(source, PHOTOS)
    write_webdataset(source, PHOTOS)


@refused("`--layout` names another form than the folder has")
def _(source: Path) -> list[str]:
    write_folders(source, PHOTOS)
    return ["--layout", "parquet"]


@refused("`val` is flat, as it comes out of the original archive")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    for path in list((source / "val").glob("*/*")):
        path.rename(source / "val" / path.name)
        path.parent.rmdir()


@refused("`val` has class folders with nothing in them")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    for path in (source / "val").glob("*/*"):
        path.unlink()


@refused("a class of `val` is spelled differently in `train`")
def _(source: Path) -> None:
    for split, name in (("train", "cat"), ("train", "dog"), ("val", "cats"), ("val", "dog")):
        write(source / split / name / "1.jpg", jpeg(1))


@refused("a stray folder among the classes would shift their numbers")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "train" / "new" / "n01440764_7.JPEG", jpeg(1))


@refused("a class has no photographs")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    (source / "train" / WNIDS[1] / f"{WNIDS[1]}_1.JPEG").unlink()


@refused("both `val` and `validation` are there")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "validation" / WNIDS[0] / "a.JPEG", jpeg(1))


@refused("a download of the training archive stopped half-way")
def _(source: Path) -> None:
    write_tars(source, PHOTOS)
    replaced(source / TRAIN_TAR, lambda data: data[: len(data) // 2])


@refused("the archive is a web page that asks to log in")
def _(source: Path) -> None:
    write_tars(source, PHOTOS)
    replaced(source / VAL_TAR, lambda data: b"<!DOCTYPE html><html><body>Please log in</body></html>" * 30)


@refused("a class's archive within the training archive is damaged")
def _(source: Path) -> None:
    write_tars(source, PHOTOS)
    name = f"{WNIDS[1]}_1.JPEG".encode()
    replaced(source / TRAIN_TAR, lambda data: data.replace(name, b"\0\0\0" + name[3:]))


@refused("archives were joined with `cat`")
def _(source: Path) -> None:
    write_tars(source, PHOTOS)
    replaced(source / VAL_TAR, lambda data: data + data)


@refused("the development kit is missing")
def _(source: Path) -> None:
    write_tars(source, PHOTOS)
    (source / "ILSVRC2012_devkit_t12.tar.gz").unlink()


@refused("the development kit is damaged")
def _(source: Path) -> None:
    write_tars(source, PHOTOS)
    replaced(source / "ILSVRC2012_devkit_t12.tar.gz", lambda data: data[:-100])


@refused("the validation archive holds other files")
def _(source: Path) -> None:
    write_tars(source, PHOTOS)
    write(source / VAL_TAR, tar([("IMG_0001.JPEG", jpeg(1))]))


@refused("Kaggle's images without the list of validation classes")
def _(source: Path) -> None:
    write_kaggle(source, PHOTOS)
    (source / "LOC_val_solution.csv").unlink()


@refused("a line of Kaggle's list names no class")
def _(source: Path) -> None:
    write_kaggle(source, PHOTOS)
    replaced(source / "LOC_val_solution.csv", lambda data: data.replace(b",n02105855", b",dog"))


@refused("a sample of a webdataset has a class that is no number")
def _(source: Path) -> None:
    write(source / "train-0000.tar", tar([("a.jpg", jpeg(1)), ("a.cls", b"tench")]))


@refused("a webdataset calls one wnid by two numbers")
def _(source: Path) -> None:
    samples = [("n01440764_1", b"0"), ("n02105855_1", b"1"), ("n02105855_2", b"0")]
    members = [(f"{key}{end}", data) for key, cls in samples for end, data in ((".jpg", jpeg(1)), (".cls", cls))]
    write(source / "train-0000.tar", tar(members))


@refused("a webdataset counts its classes from 1")
def _(source: Path) -> None:
    members = [(f"{key}.{end}", data) for key in (1, 1000) for end, data in (("cls", str(key).encode()), ("jpg", b"?"))]
    write(source / "train-0000.tar", tar(members))


@refused("a Parquet shard is missing")
def _(source: Path) -> None:
    write_parquet(source, PHOTOS)
    (source / "data" / "train-00001-of-00002.parquet").unlink()


@refused("a Parquet shard is cut short")
def _(source: Path) -> None:
    write_parquet(source, PHOTOS)
    replaced(source / "data" / "train-00001-of-00002.parquet", lambda data: data[:-50])


@refused("a Parquet shard has other columns")
def _(source: Path) -> None:
    source.mkdir()
    pq.write_table(pa.table({"pixels": [b"?"], "class": [1]}), source / "train-00000-of-00001.parquet")


@refused("a label is negative in a split that is not `test`")
def _(source: Path) -> None:
    source.mkdir()
    table = pa.table({"image": [{"bytes": jpeg(1), "path": "a.jpg"}], "label": [-1]})
    pq.write_table(table, source / "train-00000-of-00001.parquet")


@refused("a label has no class")
def _(source: Path) -> None:
    source.mkdir()
    table = pa.table({"image": [{"bytes": jpeg(1), "path": "a.jpg"}], "label": [2]})
    pq.write_table(table, source / "train-00000-of-00001.parquet")
    (source / "classes.json").write_text(json.dumps([{"name": "tench"}]))


@refused("the same shards lie in two folders")
def _(source: Path) -> None:
    for folder in ("one", "two"):
        write_parquet(source / folder, PHOTOS)


@refused("more files are unusable than allowed")
def _(source: Path) -> list[str]:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "n01440764_5.JPEG", b"")
    return []


@refused("the data set folder holds other files")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source.parent / "out" / "data" / "letters.txt", b"private")


@refused("a file is in the data set folder's place")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source.parent / "out", b"a file")


@refused("`--max-side` with `--short-side`")
def _(source: Path) -> list[str]:
    write_folders(source, PHOTOS)
    return ["--max-side", "256", "--short-side", "256"]


@refused("`--max-side` for Parquet, which is not copied")
def _(source: Path) -> list[str]:
    write_parquet(source, PHOTOS)
    return ["--max-side", "256"]


@refused("the source is a file")
def _(source: Path) -> None:
    write(source, b"?")


@refused("a link leads to a folder above it")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    (source / "train" / WNIDS[0] / "again").symlink_to(source / "train")


@refused("a file's name is not UTF-8")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    shutil.copy(source / "train" / WNIDS[0] / "n01440764_0.JPEG", bytes(source / "train" / WNIDS[0]) + b"/caf\xe9.JPEG")


@refused("a URI holds a password")
def _(source: Path) -> list[str]:
    write_folders(source, PHOTOS)
    return ["s3://name:password@bucket/imagenet"]


@quarantined("an empty file")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "n01440764_5.JPEG", b"")


@quarantined("a link that leads nowhere")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    (source / "train" / WNIDS[0] / "n01440764_5.JPEG").symlink_to("/nowhere")


@quarantined("a web page called .JPEG")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "n01440764_5.JPEG", b"<html>404 Not Found</html>")


@quarantined("a photograph cut in its header")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "n01440764_5.JPEG", jpeg(1)[:100])


@quarantined("a photograph cut in its pixels (seen with `--check`)")
def _(source: Path) -> list[str]:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "n01440764_5.JPEG", jpeg(1)[:-300])
    return ["--check"]


@quarantined("the same in Parquet (seen with `--check`)")
def _(source: Path) -> list[str]:
    write_parquet(source, (*PHOTOS, Photo("train", "n01440764_5", WNIDS[0], jpeg(1)[:-300])))
    return ["--check"]


@quarantined("a decompression bomb")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "n01440764_5.JPEG", bomb())


@quarantined("a file that is not named as an image")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "train" / WNIDS[0] / "notes.txt", b"hello")


@quarantined("a photograph beside the class folders")
def _(source: Path) -> None:
    write_folders(source, PHOTOS)
    write(source / "train" / "n01440764_5.JPEG", jpeg(1))


@quarantined("a validation photograph that Kaggle's list does not name")
def _(source: Path) -> None:
    write_kaggle(source, PHOTOS)
    write(source / "ILSVRC" / "Data" / "CLS-LOC" / "val" / "ILSVRC2012_val_00000009.JPEG", jpeg(1))


@quarantined("a sample of a webdataset without a class")
def _(source: Path) -> None:
    samples = [("a.jpg", jpeg(1)), ("a.cls", b"0"), ("b.jpg", jpeg(2))]
    write(source / "train-0000.tar", tar(samples))


def with_member(source: Path, about: tarfile.TarInfo, data: bytes = b"") -> None:
    write_tars(source, PHOTOS)
    with tarfile.open(source / VAL_TAR, "a") as archive:
        about.size = len(data)
        archive.addfile(about, io.BytesIO(data))


@quarantined("an archive's member with an absolute path")
def _(source: Path) -> None:
    with_member(source, tarfile.TarInfo("/etc/cron.d/x.JPEG"), jpeg(1))


@quarantined("an archive's member whose path leads out of it")
def _(source: Path) -> None:
    with_member(source, tarfile.TarInfo("../../x.JPEG"), jpeg(1))


@quarantined("a link in an archive")
def _(source: Path) -> None:
    about = tarfile.TarInfo("x.JPEG")
    about.type, about.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with_member(source, about)


@quarantined("a device in an archive")
def _(source: Path) -> None:
    about = tarfile.TarInfo("x.JPEG")
    about.type = tarfile.CHRTYPE
    with_member(source, about)


@quarantined("a member of an archive that a later one replaces")
def _(source: Path) -> None:
    with_member(source, tarfile.TarInfo("ILSVRC2012_val_00000002.JPEG"), jpeg(1))


def said(case: Case, root: Path, *options: str) -> tuple[int, str]:
    """Exit code and last line of `logpolar index` on a case."""
    (root / "work").mkdir()
    source = root / "work" / "imagenet"
    arguments = [*(case(source) or []), *options]
    errors, lines = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(lines):
            out = arguments.pop() if "://" in "".join(arguments[-1:]) else str(root / "work" / "out")
            main(["index", str(source), out, *arguments])
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    return code, (errors.getvalue() or lines.getvalue()).replace(str(root / "work"), "/data").strip()


def line_of(title: str, root: Path) -> str:
    """What a refused case prints, or the manifest's entry of a quarantined one, as one line."""
    if title in REFUSED:
        code, line = said(REFUSED[title], root)
        assert code == 1, line
        return line
    code, line = said(QUARANTINED[title], root, "--max-quarantined", "0.5")
    assert code == 0, line
    (entry,) = json.loads((root / "work" / "out" / "manifest.json").read_text())["quarantined"]
    return f"{entry['where'].replace(str(root / 'work'), '/data')}: {entry['reason']}"


def page(lines: dict[str, str]) -> str:
    def section(titles: dict[str, Case]) -> str:
        return "\n".join(f"{title}\n\n    {lines[title]}\n" for title in titles)

    return (
        "# What `logpolar index` says to bad input\n\n"
        "Made by `python -m tests.workflows.test_index_bad_input`; a test compares it with what is printed.\n\n"
        "## Refused\n\n"
        "Nothing is written that could be taken for a data set; the exit code is 1, and one line says why.\n\n"
        f"{section(REFUSED)}\n"
        "## Quarantined\n\n"
        "The file is left out, and `manifest.json` names it with its place and the reason; rows and quarantined\n"
        "files together are the files found. More than `--max-quarantined` (one in a hundred) are refused as above.\n\n"
        f"{section(QUARANTINED)}"
    )


@pytest.mark.parametrize("title", [*REFUSED, *QUARANTINED])
def test_bad_input_is_told_in_the_documented_line(title: str, tmp_path: Path) -> None:
    line = line_of(title, tmp_path)
    assert "\n" not in line
    assert "Traceback" not in line
    assert f"{title}\n\n    {line}\n" in PAGE.read_text()


def test_the_page_has_no_other_lines() -> None:
    text = PAGE.read_text()
    lines = {title: text.split(f"\n{title}\n\n    ")[1].split("\n")[0] for title in [*REFUSED, *QUARANTINED]}
    assert text == page(lines)
    assert len(FORMS) == 5


if __name__ == "__main__":
    found = {}
    for name in [*REFUSED, *QUARANTINED]:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = line_of(name, Path(folder))
    PAGE.write_text(page(found))
    sys.stdout.write(f"{len(found)} cases in {PAGE}\n")
