"""A folder on any file system that pyarrow supports: a local path, s3:// or gs://."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from lp_core.errors import DataError, SettingError, StorageError
from lp_core.fingerprint import checksum
from lp_core.first_contact import first_contact, is_first_contact
from lp_core.folder_contents import Contents, local_contents
from lp_core.patience import patiently

_SCHEMES = ("s3", "gs", "gcs", "hdfs", "abfs", "file", "http", "https")
_BUCKETS = ("s3", "gs", "gcs")
"""Schemes of stores whose files all lie in buckets."""
IN_MEMORY_BYTES = 64 * 2**20
"""Files for an object store are kept in memory up to this size, then on disk, until they are whole. Our choice."""


@dataclass(frozen=True)
class Storage:
    """One folder. Files in it are named by relative paths with slashes.

    Args:
        uri: absolute local path, or a URI such as `s3://bucket/run?endpoint_override=...`.
    """

    uri: str

    @classmethod
    def at(cls, path: str | os.PathLike[str]) -> Storage:
        """The folder that a person named: relative local paths become absolute, `~` is expanded."""
        text = os.fspath(path)
        if not text:
            raise SettingError("an empty path was given where a folder is needed")
        scheme, colon, rest = text.partition(":")
        if colon and scheme in _SCHEMES and not rest.startswith("//"):
            raise SettingError(f"{text} would be a file named like a URI; write {scheme}:// before the bucket or path")
        _check_bucket(text)
        try:
            uri = text if "://" in text else str(Path(text).expanduser().resolve())
            encoding = sys.getfilesystemencoding()
            if encoding != "utf-8" and not uri.isascii():
                raise SettingError(
                    f"the path {uri!a} needs UTF-8, but the locale's names are {encoding}; set PYTHONUTF8=1"
                )
            uri.encode()  # pyarrow takes nothing else
        except UnicodeEncodeError:
            raise SettingError(f"the path {os.fsencode(uri)!r} is not UTF-8; rename it, or give another") from None
        except RuntimeError as error:  # no such user, links in a circle
            raise SettingError(f"{text}: not a path ({one_line(error)})") from None
        except FileNotFoundError:
            raise SettingError(f"{text} is below the current folder, which was removed; change to another") from None
        return cls(uri)

    @classmethod
    def of_file(cls, uri: str) -> tuple[Storage, str]:
        """The folder of a file, given by absolute path or URI, and the file's name in it."""
        if "://" not in uri:
            folder, _, name = uri.rpartition("/")
            return cls(folder or "/"), name
        parts = urlsplit(uri)
        folder, _, name = parts.path.rpartition("/")
        return cls(urlunsplit(parts._replace(path=folder))), name

    def __truediv__(self, name: str) -> Storage:
        if "://" not in self.uri:
            return Storage(os.path.join(self.uri, name))
        parts = urlsplit(self.uri)
        return Storage(urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}")))

    def __str__(self) -> str:
        return self.uri

    def free_bytes(self) -> int | None:
        """Free space of the disk that the folder is, or will be, on; None elsewhere."""
        if not self.is_local:
            return None
        existing = Path(self.path() or "/")
        while not existing.exists():
            existing = existing.parent
        return shutil.disk_usage(existing).free

    @property
    def is_local(self) -> bool:
        """Whether the folder is on this machine's own file system."""
        return "://" not in self.uri or self.uri.startswith("file://")

    @cached_property
    def _opened(self) -> tuple[fs.FileSystem, str]:
        if self.uri.startswith("hf://"):
            raise StorageError(
                f"{self.uri}: the Hugging Face hub is not read; download the data set and give its folder"
            )
        _check_bucket(self.uri)
        opened = first_contact if is_first_contact(self.uri) else patiently
        try:
            return opened(lambda: fs.FileSystem.from_uri(_impatient(self.uri)), self.uri)
        except (pa.ArrowInvalid, OSError) as error:
            raise StorageError(f"{self.uri}: not a folder that can be opened ({one_line(error)})") from None

    def __getstate__(self) -> dict[str, str]:
        return {"uri": self.uri}

    def path(self, name: str = "") -> str:
        """The path of a file in the folder, as `filesystem` wants it."""
        root = self._opened[1].rstrip("/")
        return f"{root}/{name}" if name else root

    @property
    def filesystem(self) -> fs.FileSystem:
        """pyarrow's file system that holds the folder."""
        return self._opened[0]

    def exists(self, name: str = "") -> bool:
        """Whether the file (or, without a name, the folder) is there.

        Raises:
            StorageError: the store does not answer, or refuses.
        """
        try:
            info = patiently(lambda: self.filesystem.get_file_info(self.path(name)), self.uri)
        except OSError as error:
            raise StorageError(f"{self}: cannot be accessed ({one_line(error)})") from None
        return info.type != fs.FileType.NotFound

    def read_bytes(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            FileNotFoundError: there is none.
        """

        def read() -> bytes:
            with self.filesystem.open_input_file(self.path(name)) as file:
                return file.read()

        return patiently(read, self.uri)

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write a file whole or not at all.

        Raises:
            LogpolarError: the folder cannot be written to.
        """
        with self.writing(name) as file:
            file.write(data)

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        """Open a file for writing in parts; it appears at the end of the `with` block, whole.

        Until then it has another name or, for an object store, is kept on this machine.

        Raises:
            StorageError: the folder cannot be written to.
        """
        path = self.path(name)
        part = f"{path}.{os.getpid()}.part"
        try:
            if not isinstance(self.filesystem, fs.LocalFileSystem):
                with SpooledTemporaryFile(IN_MEMORY_BYTES) as whole:
                    yield whole
                    patiently(lambda: self._upload(whole, path), self.uri)
                return
            os.makedirs(os.path.dirname(path), exist_ok=True)
            try:
                with open(part, "wb") as file:
                    yield file
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(part, path)
            finally:
                if os.path.exists(part):
                    os.remove(part)
        except OSError as error:
            raise StorageError(f"{path}: cannot be written ({one_line(error)})") from None

    def _upload(self, whole: IO[bytes], path: str) -> None:
        whole.seek(0)
        with self.filesystem.open_output_stream(path) as stream:
            shutil.copyfileobj(whole, stream, 2**20)

    def read_json(self, name: str) -> Any:
        """The content of a JSON file.

        Raises:
            DataError: it is not JSON.
        """
        try:
            return json.loads(self.read_bytes(name))
        except ValueError as error:
            raise DataError(f"{self.path(name)}: not valid JSON ({one_line(error)})") from None

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file whole or not at all, keys in the given order."""
        self.write_bytes(name, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())

    def read_table(self, name: str, *, use_threads: bool = True) -> pa.Table:
        """The table in a Parquet file; `use_threads` lets pyarrow decode columns in parallel.

        Raises:
            FileNotFoundError: there is none.
            pyarrow.ArrowInvalid: it is not Parquet.
        """
        return pq.read_table(io.BytesIO(self.read_bytes(name)), use_threads=use_threads)

    def write_table(
        self, name: str, table: pa.Table, *, compression: str = "snappy", row_group_size: int | None = None
    ) -> str:
        """Write a Parquet file whole or not at all; equal tables give equal bytes.

        Args:
            name: of the file.
            table: its content.
            compression: pyarrow's name of a codec.
            row_group_size: most rows of a row group; pyarrow's default unless given.

        Returns:
            SHA-256 of the file.
        """
        content = io.BytesIO()
        pq.write_table(table, content, compression=compression, row_group_size=row_group_size)
        self.write_bytes(name, content.getvalue())
        return checksum(content.getvalue())

    def checksum(self, name: str) -> str:
        """SHA-256 of a file of any size, read in parts.

        Raises:
            FileNotFoundError: there is none.
        """
        digest = hashlib.sha256()
        with self.filesystem.open_input_file(self.path(name)) as file:
            while part := file.read(2**24):
                digest.update(part)
        return digest.hexdigest()

    def files(self, name: str = "") -> list[str]:
        """Names of the files below a subfolder, sorted, relative to this folder; none if there is no such folder."""
        return sorted(self.contents(name).files)

    def contents(self, name: str = "", skip: Callable[[str], bool] = lambda name: False) -> Contents:
        """Everything below a subfolder, in no special order; nothing if there is no such folder.

        Args:
            name: the subfolder; this folder if empty.
            skip: whether a file or folder of this machine is ignored, by its own name.

        Raises:
            StorageError: a folder cannot be listed.
        """
        root = self.path(name)
        try:
            if isinstance(self.filesystem, fs.LocalFileSystem):
                return local_contents(root, len(self.path()) + 1, skip)
            below = fs.FileSelector(root, allow_not_found=True, recursive=True)
            infos = patiently(lambda: self.filesystem.get_file_info(below), self.uri)
        except NotADirectoryError:
            raise StorageError(f"{self} is a file; give a folder") from None
        except OSError as error:
            raise StorageError(f"{self / name if name else self}: cannot be listed ({one_line(error)})") from None
        start = len(self.path()) + 1
        files = {info.path[start:]: info.size for info in infos if info.type == fs.FileType.File}
        return Contents(files, [info.path[start:] for info in infos if info.type == fs.FileType.Directory], [])

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        if self.exists(name):
            patiently(lambda: self.filesystem.delete_file(self.path(name)), self.uri)

    def remove_folder(self) -> None:
        """Remove the folder with everything in it, if it is there."""
        if self.exists():
            patiently(lambda: self.filesystem.delete_dir(self.path()), self.uri)


LINE_CHARACTERS = 600
"""Of another library's message in one of ours: the longest of Ray's with a remedy has 480."""

_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def _check_bucket(uri: str) -> None:
    """Refuse a URI without its bucket: pyarrow opens the store itself, whose answer may take minutes to fail."""
    parts = urlsplit(uri)
    if parts.scheme in _BUCKETS and not parts.netloc:
        raise SettingError(f"{uri} names no bucket; give {parts.scheme}://BUCKET/FOLDER")


def _impatient(uri: str) -> str:
    """Let Google's client give up after ten seconds, not fifteen minutes: `patiently` tries again, and says so."""
    parts = urlsplit(uri)
    if parts.scheme not in ("gs", "gcs") or "retry_limit_seconds=" in parts.query:
        return uri
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, "retry_limit_seconds=10")))))


def one_line(error: BaseException) -> str:
    """Return an exception's message in one line: all of its lines joined, because the remedy is often in the last.

    Where it is longer than `LINE_CHARACTERS`, its middle is left out.
    """
    text = " ".join(_TERMINAL_CODES.sub("", str(error)).split()) or type(error).__name__
    half = (LINE_CHARACTERS - len(" ... ")) // 2
    return text if len(text) <= LINE_CHARACTERS else f"{text[:half]} ... {text[-half:]}"
