"""Photographs of a source -> one Parquet shard in the schema of Hugging Face's image data sets."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from lp_core.dataset.shards import ROWS_AT_ONCE, Shard, footer_checksum, shard_images
from lp_core.errors import DataError
from lp_core.images.decode import ImageError
from lp_core.indexing.plan import GROUP_BYTES, HOLDS_MANY, Piece, Wanted
from lp_core.indexing.quarantine import MAX_FILE_BYTES, fault
from lp_core.indexing.resize import Form
from lp_core.storage import Storage, one_line

READERS = 8
"""Photographs read at once by a task: object stores, and disks with a queue, answer them together."""


@dataclass(frozen=True)
class Written:
    """What became of a shard.

    Attributes:
        row_groups: number of rows of each row group.
        checksum: SHA-256 of the file.
        footer: SHA-256 of its Parquet footer.
        refused: reason by place among the piece's photographs, for those left out.
    """

    row_groups: list[int]
    checksum: str
    footer: str
    refused: dict[int, str]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Written:
        """What `to_json` came from."""
        refused = {int(place): reason for place, reason in values["refused"].items()}
        return cls(values["row_groups"], values["checksum"], values["footer"], refused)


def shard_schema(class_names: list[str]) -> pa.Schema:
    """The schema of a shard, with the metadata from which `datasets` reads that there are images, and class names."""
    label = {"names": class_names, "_type": "ClassLabel"}
    features = {"image": {"_type": "Image"}, "label": label}
    return pa.schema(
        [("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", pa.int64())],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )


def write_shard(source: Storage, out: Storage, piece: Piece, form: Form, class_names: list[str]) -> Written:
    """Write one shard whole or not at all; photographs that are unusable are left out and named.

    Equal photographs give equal bytes. The images of one row group are in memory at a time.

    Args:
        source: what files and archives are named relative to.
        out: the data set folder.
        piece: the shard.
        form: how photographs are stored.
        class_names: by class index.

    Raises:
        DataError: the source cannot be read at all, or the shard cannot be written.
    """
    schema = shard_schema(class_names)
    refused: dict[int, str] = {}
    row_groups: list[int] = []
    first = 0
    rows = shard_images(piece.shard) if piece.shard else None
    with out.writing(piece.name) as file:
        sink = _Summed(file)
        # Compressed images do not compress again, and no two are equal: no codec, no dictionary.
        with pq.ParquetWriter(
            sink, schema, compression="none", use_dictionary=False, write_statistics=["label"]
        ) as shard:
            for group in piece.groups:
                images: list[dict[str, Any]] = []
                labels: list[int] = []
                filled = 0
                stored = _copied(rows, group, form) if rows else _read(source, group, form)
                for place, (one, (data, reason)) in enumerate(zip(group, stored, strict=True), first):
                    if reason is not None:
                        refused[place] = reason
                        continue
                    if images and filled + len(data) > GROUP_BYTES:  # a copied shard's sizes are not known before
                        row_groups.append(_write_group(shard, images, labels))
                        filled = 0
                    images.append({"bytes": data, "path": one.path})
                    labels.append(one.label)
                    filled += len(data)
                first += len(group)
                if images:
                    row_groups.append(_write_group(shard, images, labels))
    return Written(row_groups, sink.checksum, footer_checksum((out / piece.name).uri), refused)


def _write_group(shard: pq.ParquetWriter, images: list[dict[str, Any]], labels: list[int]) -> int:
    """Write photographs as one row group and empty the lists; return their number."""
    rows = len(images)
    shard.write_table(pa.table({"image": images, "label": labels}, schema=shard.schema), rows)
    images.clear()
    labels.clear()
    return rows


class _Summed(io.RawIOBase):
    """A file that is being written, and the SHA-256 of what was written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._sum = file, hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._sum.update(data)
        return self._file.write(data)

    @property
    def checksum(self) -> str:
        return self._sum.hexdigest()


def _read(source: Storage, group: list[Wanted], form: Form) -> Iterator[tuple[bytes, str | None]]:
    """The bytes to be stored of every photograph of a row group, or why it has none, in the order given."""
    holders = {one.holder for one in group if one.holder.endswith(HOLDS_MANY)}
    opened = {holder: _open(source, holder) for holder in holders}
    # In the order of the disk; the shuffle is made in memory.
    by_place = sorted(range(len(group)), key=lambda index: (group[index].holder, group[index].offset))
    found: dict[int, tuple[bytes, str | None]] = {}
    with ThreadPoolExecutor(READERS) as pool:
        results = pool.map(partial(_stored, source, opened, form), [group[index] for index in by_place])
        found.update(zip(by_place, results, strict=True))
    for file in opened.values():
        file.close()
    return (found[index] for index in range(len(group)))


def _copied(rows: Iterator[bytes | None], group: list[Wanted], form: Form) -> Iterator[tuple[bytes, str | None]]:
    """The same, of the next rows of a Parquet shard."""
    found = 0
    with ThreadPoolExecutor(READERS) as pool:
        while few := list(islice(rows, min(ROWS_AT_ONCE, len(group) - found))):
            found += len(few)
            yield from pool.map(partial(_usable, form), few)
    if found < len(group):
        raise DataError(f"{group[found].where}: the shard has fewer rows than were listed; index again")


def _open(source: Storage, holder: str) -> Any:
    try:
        return source.filesystem.open_input_file(source.path(holder))
    except OSError as error:
        raise DataError(f"{source.path(holder)}: cannot be opened ({one_line(error)})") from None


def _stored(source: Storage, opened: dict[str, Any], form: Form, one: Wanted) -> tuple[bytes, str | None]:
    if one.size > MAX_FILE_BYTES:
        return b"", f"{one.size} bytes are more than the limit of {MAX_FILE_BYTES}"
    try:
        file = opened.get(one.holder)
        data = file.read_at(one.size, one.offset) if file else source.read_bytes(one.holder)
    except (FileNotFoundError, PermissionError) as error:
        return b"", f"cannot be read ({one_line(error)})"
    except OSError as error:
        raise DataError(f"{source.path(one.holder)}: cannot be read ({one_line(error)})") from None
    if len(data) != one.size:
        return b"", f"has {len(data)} bytes, not the {one.size} that were listed"
    return _usable(form, data)


def _usable(form: Form, data: bytes | None) -> tuple[bytes, str | None]:
    reason = fault(data, form.check)
    if reason is not None or data is None:
        return b"", reason
    try:
        return form.stored(data), None
    except ImageError as error:
        return b"", str(error)


def shard_faults(shard: Shard) -> dict[int, str]:
    """Decode every photograph of a shard; reason by row, for those that are unusable.

    Raises:
        DataError: the shard cannot be read, or changed since it was listed.
    """
    reasons = ((row, fault(data, decode=True)) for row, data in enumerate(shard_images(shard)))
    return {row: reason for row, reason in reasons if reason is not None}
