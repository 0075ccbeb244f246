"""Indexing Parquet shards where they are, and decoding their images where that is asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from lp_core.dataset.shards import Shard
from lp_core.errors import DataError
from lp_core.fingerprint import fingerprint
from lp_core.indexing.collection import Collection
from lp_core.indexing.manifest import write_manifest
from lp_core.indexing.quarantine import check_quarantined_share
from lp_core.indexing.reading.shard_rows import ShardRows, quarantined_rows, read_shard_rows
from lp_core.indexing.record import refuse_own_shards
from lp_core.indexing.writing.shard_writer import unusable_rows
from lp_core.storage import Storage
from tasks.indexing.archives import READERS
from tasks.indexing.job import IndexJob, Work
from tasks.indexing.notes import forget_notes, note_of, read_note


def index_in_place(job: IndexJob) -> dict[str, Any]:
    """Index Parquet shards without copying them; return the manifest.

    Raises:
        LogpolarError: a shard cannot be read, too many rows are unusable, or the folder has shards of its own.
    """
    refuse_own_shards(job.out)
    shards = read_shards(job.collection)
    if job.form.check:
        shards = _checked(job, shards)
    rows = sum(len(shard.labels) for of_split in shards.values() for shard in of_split)
    left_out = [entry for split, of_split in shards.items() for entry in quarantined_rows(split, of_split)]
    quarantined = [*job.collection.quarantined, *left_out]
    check_quarantined_share(quarantined, rows - len(left_out), job.max_quarantined)
    manifest = write_manifest(job.out, job.collection, shards)
    forget_notes(job.out)
    return manifest


def check_piece(out: Storage, shard: Shard, note: str, rows: int) -> int:
    """Decode every photograph of a shard and note the unusable ones; return the number of photographs read.

    Retry: safe; reads only.
    """
    out.write_json(note, {"faults": unusable_rows(shard)})
    return rows


def read_shards(collection: Collection, any_size: bool = False) -> dict[str, list[ShardRows]]:
    """What identifies the rows of all Parquet shards, by split; several shards are read at once."""
    read = partial(read_shard_rows, columns=collection.columns, any_size=any_size)
    with ThreadPoolExecutor(READERS) as pool:
        return {split: list(pool.map(read, paths)) for split, paths in collection.shards.items()}


def folder_of(shards: dict[str, list[ShardRows]]) -> Storage:
    """The folder of the first shard."""
    return Storage.of_file(next(iter(shards.values()))[0].path)[0]


def _checked(job: IndexJob, shards: dict[str, list[ShardRows]]) -> dict[str, list[ShardRows]]:
    """The shards with the rows that turn out unusable when all images are decoded."""
    out, image = job.out, job.collection.columns.image
    all_shards = [shard for of_split in shards.values() for shard in of_split]
    note = {shard.path: note_of(f"check-{fingerprint([shard.path, shard.checksum])}.parquet") for shard in all_shards}
    unfinished = [shard for shard in all_shards if read_note(out, note[shard.path]) is None]
    pieces = [(out, shard.as_source(image), note[shard.path], len(shard.labels)) for shard in unfinished]
    total, left = (sum(len(shard.labels) for shard in some) for some in (all_shards, unfinished))
    job.run(Work("check", check_piece, pieces, total, total - left), folder_of(shards))
    return {
        split: [replace(shard, quarantined=_noted(out, note[shard.path])) for shard in of_split]
        for split, of_split in shards.items()
    }


def _noted(out: Storage, name: str) -> dict[int, str]:
    """Reason by row of the unusable rows of a checked shard."""
    note = read_note(out, name)
    if note is None:
        raise DataError(f"{out.path(name)} cannot be read; index again")
    return {int(row): reason for row, reason in note["faults"].items()}
