"""Tar archives as tables of byte ranges. Nothing is unpacked, and member names are never trusted.

Photographs are read inside the archive, so a member called ../../etc/passwd writes nowhere. It is quarantined all the
same, as is everything that is not a plain file.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lp_core.errors import DataError, LogpolarError, check
from lp_core.pointers import pointer
from lp_core.storage import Storage, one_line

BLOCK = tarfile.BLOCKSIZE
MAX_HEADER_BYTES = 2**20
"""Largest extended header read. It holds a member's name and dates. Our choice."""
MAX_MEMBERS = 4_000_000
"""Most members of one archive: three times ImageNet. Our choice; each costs about 200 bytes of memory."""
REMOTE_BUFFER = 8 * 2**20
"""Read at once from object stores, where a request costs as much as reading megabytes. Our choice."""

_DAMAGE = (tarfile.TarError, OSError, ValueError, OverflowError, MemoryError)


@dataclass(frozen=True)
class Region:
    """A run of bytes that is an archive: a whole file, or a member of another archive.

    Args:
        uri: absolute path or URI of the file.
        start: first byte.
        size: number of bytes.
        name: for messages; the URI if empty.
        wanted: endings, in either case, of small members (labels, say) whose content is wanted too.
    """

    uri: str
    start: int
    size: int
    name: str = ""
    wanted: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name or self.uri


@dataclass(frozen=True)
class Members:
    """The plain files of an archive, in storage order.

    Attributes:
        names: paths in the archive, each once: of equal names the last member counts, as it does for `tar -x`.
        offsets: int64 [n], first byte of the content, counted from the start of the file that holds the archive.
        sizes: int64 [n] bytes.
        quarantined: (name, reason) of all other members but folders.
        small: content of the members whose names end in one of the wanted endings.
    """

    names: list[str]
    offsets: np.ndarray
    sizes: np.ndarray
    quarantined: list[tuple[str, str]]
    small: dict[str, bytes] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain values; the key `refused` is that of earlier versions, whose notes stay readable."""
        small = {name: data.decode("latin-1") for name, data in self.small.items()}
        places = {"offsets": self.offsets.tolist(), "sizes": self.sizes.tolist()}
        return {"names": self.names, **places, "refused": self.quarantined, "small": small}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Members:
        """What `to_json` came from."""
        offsets, sizes = (np.array(values[name], np.int64) for name in ("offsets", "sizes"))
        quarantined = [(name, reason) for name, reason in values["refused"]]
        small = {name: text.encode("latin-1") for name, text in values["small"].items()}
        return cls(values["names"], offsets, sizes, quarantined, small)


def list_members(region: Region) -> Members:
    """List an archive by its headers; the contents are skipped.

    Raises:
        DataError: not a tar archive, or cut short or damaged, so that members are missing.
    """
    storage, name = Storage.of_file(region.uri)
    try:
        with storage.filesystem.open_input_file(storage.path(name)) as file:
            check(
                region.start + region.size <= file.size(),
                f"{region}: cut short: it ends before its stated size",
                DataError,
            )
            if what := _stand_in(file.read_at(min(region.size, BLOCK), region.start)):
                raise DataError(f"{region}: {what}")
            window = _Window(file, region)
            buffer = io.DEFAULT_BUFFER_SIZE if storage.is_local else REMOTE_BUFFER
            return _list(io.BufferedReader(window, buffer), region)
    except FileNotFoundError:
        raise DataError(f"{region}: does not exist") from None
    except LogpolarError:
        raise
    except _DAMAGE as error:
        raise DataError(f"{region}: cannot be read as a tar archive ({one_line(error)})") from None


def _stand_in(start: bytes) -> str | None:
    """What a file is that people have in place of an archive."""
    return "compressed with gzip; unpack it first" if start.startswith(b"\x1f\x8b") else pointer(start)


def list_tar_bytes(data: bytes, name: str, wanted: tuple[str, ...]) -> Members:
    """List an archive that is held in memory."""
    region = Region(name, 0, len(data), wanted=wanted)
    try:
        return _list(io.BufferedReader(_Window(io.BytesIO(data), region)), region)
    except LogpolarError:
        raise
    except _DAMAGE as error:
        raise DataError(f"{name}: cannot be read as a tar archive ({one_line(error)})") from None


def _list(stream: Any, region: Region) -> Members:
    ranges: dict[str, tuple[int, int]] = {}
    quarantined: list[tuple[str, str]] = []
    small: dict[str, bytes] = {}
    wanted = tuple(ending.lower() for ending in region.wanted)
    with tarfile.open(fileobj=stream, mode="r:", errorlevel=2) as archive:
        while (member := archive.next()) is not None:
            vars(archive)["members"].clear()  # tarfile keeps every header; a million of them would fill the memory
            check(
                member.size >= 0,
                f"{region}: member {member.name!r} states a negative size; the archive is damaged",
                DataError,
            )
            check(
                len(ranges) + len(quarantined) < MAX_MEMBERS,
                f"{region}: more than {MAX_MEMBERS} members; this is no archive of photographs",
                DataError,
            )
            end = member.offset_data + member.size
            if not member.isdir():
                _sort_in(member, region, ranges, quarantined)
            check(
                end <= stream.raw.size,
                f"{region}: cut short in member {member.name!r}, whose {member.size} bytes are more than the archive "
                "has left; download it again",
                DataError,
            )
            if member.name in ranges and member.name.lower().endswith(wanted):
                check(
                    member.size <= MAX_HEADER_BYTES,
                    f"{region}: member {member.name!r} has {member.size} bytes",
                    DataError,
                )
                stream.seek(member.offset_data)
                small[member.name] = stream.read(member.size)
        _check_end(stream, archive.offset, region)
    offsets = np.array([offset for offset, _ in ranges.values()], np.int64) + region.start
    return Members(list(ranges), offsets, np.array([size for _, size in ranges.values()], np.int64), quarantined, small)


def _sort_in(
    member: tarfile.TarInfo, region: Region, ranges: dict[str, tuple[int, int]], quarantined: list[tuple[str, str]]
) -> None:
    name = member.name = member.name.encode(errors="backslashreplace").decode().removeprefix("./")
    reason = _why_unreadable(member)
    if reason:
        quarantined.append((name, reason))
        return
    if name in ranges:
        del ranges[name]
        quarantined.append((name, "a later member of the archive has the same name"))
    ranges[name] = (member.offset_data, member.size)


def _why_unreadable(member: tarfile.TarInfo) -> str | None:
    """Why a member is not to be read, if it is not."""
    if member.issym() or member.islnk():
        return f"a link (to {member.linkname!r})"
    if member.sparse is not None:
        return "a sparse file"
    if not member.isreg():
        return "not a plain file"
    if member.name.startswith(("/", "\\")) or member.name[1:3] in (":\\", ":/"):
        return "an absolute path"
    if ".." in member.name.replace("\\", "/").split("/"):
        return "a path that leads out of the archive"
    return None


def _check_end(stream: Any, end: int, region: Region) -> None:
    """Whether the listing ended at the archive's own end mark; tarfile stops at damage as if it were the end."""
    stream.seek(end)
    mark = stream.read(BLOCK)
    check(
        len(mark) == BLOCK and not any(mark),
        f"{region}: {'damaged' if mark else 'cut short'} at byte {end}, members may be missing; download it again",
        DataError,
    )
    rest = stream.read(2**16)
    check(
        not any(rest),
        f"{region}: more members follow its end mark at byte {end}; was it made by joining archives?",
        DataError,
    )


class _Window(io.RawIOBase):
    """A part of a file, as a file; reads of unreasonable length (a header says so) are refused."""

    def __init__(self, file: Any, region: Region) -> None:
        self._file, self._start, self.size, self._at = file, region.start, region.size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise tarfile.ReadError("a header points before the archive")
        self._at = base + offset
        return self._at

    def readall(self) -> bytes:
        raise tarfile.ReadError("a header of negative length")

    def readinto(self, target: Any) -> int:
        wanted = min(len(target), max(0, self.size - self._at))
        if len(target) > max(MAX_HEADER_BYTES, REMOTE_BUFFER):
            raise tarfile.ReadError(f"a header of {len(target)} bytes")
        self._file.seek(self._start + self._at)
        data = self._file.read(wanted)
        target[: len(data)] = data
        self._at += len(data)
        return len(data)
