"""Tar archives made by people who mean harm, or cut by their network."""

import contextlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from lp_core.errors import LogpolarError
from lp_core.indexing.sources import archive
from lp_core.indexing.sources.archive import Members, Region, list_members
from tests.lp_core.indexing.imagenet_forms import tar
from tests.lp_core.indexing.mutation import overwritten


def listed(tmp_path: Path, data: bytes, **options: object) -> Members:
    path = tmp_path / "a.tar"
    path.write_bytes(data)
    return list_members(Region(str(path), 0, len(data), "a.tar", **options))


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 0) -> tarfile.TarInfo:
    about = tarfile.TarInfo(name)
    about.type, about.linkname, about.size = kind, target, size
    return about


def packed(*members: tarfile.TarInfo, form: int = tarfile.GNU_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as out:
        for one in members:
            out.addfile(one, io.BytesIO(b"x" * one.size))
    return file.getvalue()


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_lie_where_the_listing_says(tmp_path: Path, form: int) -> None:
    content = {f"{'folder/' * k}{k}.jpg": bytes([k]) * (500 * k) for k in range(8)}
    content["f" * 90 + "/" + "g" * 90 + ".jpg"] = b"long"
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as out:
        for name, data in content.items():
            out.addfile(member(name, size=len(data)), io.BytesIO(data))
        out.addfile(member("empty-folder", tarfile.DIRTYPE))
    found = listed(tmp_path, file.getvalue())
    assert found.quarantined == []
    data = file.getvalue()
    assert {
        name: data[at : at + size] for name, at, size in zip(found.names, found.offsets, found.sizes, strict=True)
    } == content


def test_an_archive_within_an_archive_is_read_where_it_lies(tmp_path: Path) -> None:
    inner = tar([("a.jpg", b"first"), ("b.jpg", b"second")])
    outer = tar([("x.tar", b"?" * 700), ("y.tar", inner)])
    first = listed(tmp_path, outer)
    place = first.names.index("y.tar")
    region = Region(str(tmp_path / "a.tar"), int(first.offsets[place]), int(first.sizes[place]))
    found = list_members(region)
    at, size = found.offsets[1], found.sizes[1]
    assert outer[at : at + size] == b"second"


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        (member("/etc/passwd"), "an absolute path"),
        (member("C:\\windows\\a.jpg"), "an absolute path"),
        (member("../../a.jpg"), "a path that leads out of the archive"),
        (member("x\\..\\..\\a.jpg"), "a path that leads out of the archive"),
        (member("a.jpg", tarfile.SYMTYPE, "/etc/passwd"), "a link (to '/etc/passwd')"),
        (member("a.jpg", tarfile.LNKTYPE, "b.jpg"), "a link (to 'b.jpg')"),
        (member("a.jpg", tarfile.CHRTYPE), "not a plain file"),
        (member("a.jpg", tarfile.BLKTYPE), "not a plain file"),
        (member("a.jpg", tarfile.FIFOTYPE), "not a plain file"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_hostile_members_are_refused_by_name(tmp_path: Path, about: tarfile.TarInfo, reason: str) -> None:
    found = listed(tmp_path, packed(member("good.jpg", size=3), about, member("other.jpg", size=3)))
    assert found.quarantined == [(about.name, reason)]
    assert found.names == ["good.jpg", "other.jpg"]


def test_of_members_with_one_name_the_last_counts_as_when_unpacked(tmp_path: Path) -> None:
    data = tar([("a.jpg", b"old"), ("b.jpg", b"b"), ("./a.jpg", b"newer")])
    found = listed(tmp_path, data)
    assert found.quarantined == [("a.jpg", "a later member of the archive has the same name")]
    assert found.names == ["b.jpg", "a.jpg"]
    at, size = found.offsets[1], found.sizes[1]
    assert data[at : at + size] == b"newer"


def test_a_name_that_is_not_utf8_is_told_in_escapes(tmp_path: Path) -> None:
    assert listed(tmp_path, packed(member("caf\udce9.jpg", size=1))).names == ["caf\\udce9.jpg"]


def with_size(size: bytes) -> bytes:
    """An archive whose first member states another size, its checksum made right."""
    data = bytearray(tar([("a.jpg", b"x" * 600), ("b.jpg", b"y" * 600)]))
    data[124:136] = size
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cannot be read as a tar archive"),
        (b"\x1f\x8b" + b"\0" * 2000, "compressed with gzip"),
        (b"<html>404 Not Found</html>" * 99, "cannot be read as a tar archive"),
        (tar([("a.jpg", b"x" * 5000)])[:3000], "cut short in member 'a.jpg'"),
        (tar([("a.jpg", b"x" * 512), ("b.jpg", b"x" * 512)])[:1024], "cut short at byte 1024"),
        (tar([("a.jpg", b"x" * 512), ("b.jpg", b"x" * 512)])[:1100], "cut short at byte 1024|damaged at byte 1024"),
        (with_size(b"77777777777\0"), "cut short in member 'a.jpg', whose 8589934591 bytes"),
        (with_size(b"\xff" * 12), "negative size|cannot be read"),
        (with_size(b"\x80" + b"\0" * 3 + b"\x7f" * 8), "cut short in member 'a.jpg'"),
        (with_size(b"00000000000\0"), "damaged at byte 512"),
        (tar([("a.jpg", b"x")]) + tar([("b.jpg", b"x")]), "more members follow its end mark"),
        (
            packed(member("n" * 200, size=1)).replace(b"00000000311\0", b"77777777777\0", 1),
            "cannot be read as a tar archive|damaged at byte|cut short",
        ),
    ],
    ids=[
        *("empty", "gzip", "html", "cut-in-member", "cut-between-members", "cut-in-header", "larger-than-archive"),
        *("negative", "larger-than-any-disk", "too-small", "joined", "long-name"),
    ],
)
def test_damaged_archives_are_refused_with_one_line(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(LogpolarError, match=message) as error:
        listed(tmp_path, data)
    assert str(error.value).startswith("a.tar: ")
    assert "\n" not in str(error.value)


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    size = 2**33
    header = member("././@LongLink", tarfile.GNUTYPE_LONGNAME, size=size).tobuf(tarfile.GNU_FORMAT)
    with path.open("wb") as file:
        file.write(header)
        file.truncate(size + 10240)  # a sparse file takes no room
    with pytest.raises(LogpolarError, match="cannot be read as a tar archive"):
        list_members(Region(str(path), 0, size + 10240))


def test_a_million_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 100)
    with pytest.raises(LogpolarError, match="more than 100 members"):
        listed(tmp_path, packed(*[member(f"{k}.jpg") for k in range(101)]))


def test_small_members_are_read_while_listing(tmp_path: Path) -> None:
    data = tar([("a.jpg", b"x" * 999), ("a.cls", b"7"), ("b.jpg", b"y"), ("b.cls", b"12"), ("b.txt", b"no")])
    assert listed(tmp_path, data, wanted=(".cls",)).small == {"a.cls": b"7", "b.cls": b"12"}


def test_damage_anywhere_ends_in_a_line_or_a_listing(tmp_path: Path) -> None:
    whole = tar([(f"{k}.jpg", bytes([k]) * 300) for k in range(6)])
    rng = np.random.default_rng(0)
    for _ in range(300):
        data = overwritten(whole, 3, rng)
        with contextlib.suppress(LogpolarError):
            found = listed(tmp_path, data)
            assert np.all(found.offsets + found.sizes <= len(data))
