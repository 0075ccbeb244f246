"""Photographs of a source -> one Parquet shard in the schema of Hugging Face's image data sets."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from lp_core.dataset.shards import ROWS_AT_ONCE, Shard, footer_checksum, shard_images
from lp_core.errors import DataError
from lp_core.images.decode import ImageError
from lp_core.indexing.quarantine import MAX_FILE_BYTES, why_unusable
from lp_core.indexing.writing.plan import GROUP_BYTES, HOLDS_MANY, PlannedPhotograph, PlannedShard
from lp_core.indexing.writing.shard_schema import shard_schema
from lp_core.indexing.writing.stored_form import StoredForm
from lp_core.indexing.writing.written_shard import WrittenShard
from lp_core.storage import Storage, one_line

READERS = 8
"""Photographs read at once by a task: object stores and disks with a queue serve several at once. Our choice."""


def write_shard(
    source: Storage, out: Storage, planned: PlannedShard, form: StoredForm, class_names: list[str]
) -> WrittenShard:
    """Write one shard whole or not at all; photographs that are unusable are left out and named.

    Equal photographs give equal bytes. The images of one row group are in memory at a time.

    Args:
        source: what files and archives are named relative to.
        out: the data set folder.
        planned: the shard.
        form: how photographs are stored.
        class_names: by class index.

    Raises:
        LogpolarError: the source cannot be read at all, or the shard cannot be written.
    """
    schema = shard_schema(class_names)
    quarantined: dict[int, str] = {}
    row_groups: list[int] = []
    first = 0
    rows = shard_images(planned.shard) if planned.shard else None
    with out.writing(planned.name) as file:
        sink = _Summed(file)
        # Compressed images do not compress again, and no two are equal: no codec, no dictionary.
        with pq.ParquetWriter(
            sink, schema, compression="none", use_dictionary=False, write_statistics=["label"]
        ) as shard:
            for group in planned.groups:
                images: list[dict[str, Any]] = []
                labels: list[int] = []
                filled = 0
                stored = _copied(rows, group, form) if rows else _read(source, group, form)
                for place, (photograph, (data, reason)) in enumerate(zip(group, stored, strict=True), first):
                    if reason is not None:
                        quarantined[place] = reason
                        continue
                    if images and filled + len(data) > GROUP_BYTES:  # a copied shard's sizes are not known before
                        row_groups.append(_write_group(shard, images, labels))
                        filled = 0
                    images.append({"bytes": data, "path": photograph.path})
                    labels.append(photograph.label)
                    filled += len(data)
                first += len(group)
                if images:
                    row_groups.append(_write_group(shard, images, labels))
    return WrittenShard(row_groups, sink.checksum, footer_checksum((out / planned.name).uri), quarantined)


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


def _read(source: Storage, group: list[PlannedPhotograph], form: StoredForm) -> Iterator[tuple[bytes, str | None]]:
    """The bytes to be stored of every photograph of a row group, or why it has none, in the order given."""
    holders = {photograph.holder for photograph in group if photograph.holder.endswith(HOLDS_MANY)}
    opened = {holder: _open(source, holder) for holder in holders}
    # In the order of the disk; the shuffle is made in memory.
    in_disk_order = sorted(range(len(group)), key=lambda index: (group[index].holder, group[index].offset))
    results_by_index: dict[int, tuple[bytes, str | None]] = {}
    with ThreadPoolExecutor(READERS) as pool:
        results = pool.map(partial(_stored, source, opened, form), [group[index] for index in in_disk_order])
        results_by_index.update(zip(in_disk_order, results, strict=True))
    for file in opened.values():
        file.close()
    return (results_by_index[index] for index in range(len(group)))


def _copied(
    rows: Iterator[bytes | None], group: list[PlannedPhotograph], form: StoredForm
) -> Iterator[tuple[bytes, str | None]]:
    """The same, of the next rows of a Parquet shard."""
    copied = 0
    with ThreadPoolExecutor(READERS) as pool:
        while images := list(islice(rows, min(ROWS_AT_ONCE, len(group) - copied))):
            copied += len(images)
            yield from pool.map(partial(_usable, form), images)
    if copied < len(group):
        raise DataError(f"{group[copied].where}: the shard has fewer rows than were listed; index again")


def _open(source: Storage, holder: str) -> Any:
    try:
        return source.filesystem.open_input_file(source.path(holder))
    except OSError as error:
        raise DataError(f"{source.path(holder)}: cannot be opened ({one_line(error)})") from None


def _stored(
    source: Storage, opened: dict[str, Any], form: StoredForm, photograph: PlannedPhotograph
) -> tuple[bytes, str | None]:
    if photograph.size > MAX_FILE_BYTES:
        return b"", f"{photograph.size} bytes are more than the limit of {MAX_FILE_BYTES}"
    try:
        file = opened.get(photograph.holder)
        data = file.read_at(photograph.size, photograph.offset) if file else source.read_bytes(photograph.holder)
    except (FileNotFoundError, PermissionError) as error:
        return b"", f"cannot be read ({one_line(error)})"
    except OSError as error:
        raise DataError(f"{source.path(photograph.holder)}: cannot be read ({one_line(error)})") from None
    if len(data) != photograph.size:
        return b"", f"has {len(data)} bytes, not the {photograph.size} that were listed"
    return _usable(form, data)


def _usable(form: StoredForm, data: bytes | None) -> tuple[bytes, str | None]:
    reason = why_unusable(data, form.check)
    if reason is not None or data is None:
        return b"", reason
    try:
        return form.stored(data), None
    except ImageError as error:
        return b"", str(error)


def unusable_rows(shard: Shard) -> dict[int, str]:
    """Decode every photograph of a shard; reason by row, for those that are unusable.

    Raises:
        LogpolarError: the shard cannot be read, or changed since it was listed.
    """
    reasons = ((row, why_unusable(data, decode=True)) for row, data in enumerate(shard_images(shard)))
    return {row: reason for row, reason in reasons if reason is not None}
