"""Writing a data set folder's own shards, from files, archives or extracted images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from lp_core.errors import DataError, check
from lp_core.fingerprint import fingerprint
from lp_core.indexing.manifest import write_manifest
from lp_core.indexing.quarantine import check_quarantined_share, first_reasons
from lp_core.indexing.reading.shard_rows import ShardRows
from lp_core.indexing.record import is_finished, write_record
from lp_core.indexing.writing.plan import Plan, PlannedShard
from lp_core.indexing.writing.shard_writer import write_shard
from lp_core.indexing.writing.stored_form import StoredForm
from lp_core.indexing.writing.written_shard import WrittenShard, written_rows
from lp_core.storage import Storage
from tasks.indexing.job import IndexJob, Work
from tasks.indexing.notes import forget_notes, note_of, read_note
from tasks.progress import say


def write_photographs(job: IndexJob, seed: int) -> dict[str, Any]:
    """Write the photographs of files and archives as shards in random order; return the manifest.

    Shards that an earlier start wrote are kept.

    Raises:
        LogpolarError: a split has no usable photographs, too many files are unusable, or the folder holds other files.
    """
    collection = job.collection
    plans = {split: Plan(split, files, seed) for split, files in collection.files.items()}
    for split, plan in plans.items():
        left_out = [entry for entry in collection.quarantined if entry.split == split]
        reasons = first_reasons(left_out)
        check(
            len(plan) > 0,
            f"split {split}: no usable photographs among the {len(left_out)} files found{reasons}",
            DataError,
        )
    total = sum(len(plan) for plan in plans.values())
    check_quarantined_share(collection.quarantined, total, job.max_quarantined)
    planned = (shard for plan in plans.values() for shard in plan.shards())
    return write_shards(job, planned, [plan.fingerprint for plan in plans.values()], job.source)


def write_shards(job: IndexJob, planned: Iterable[PlannedShard], content: Any, reads: Storage) -> dict[str, Any]:
    """Write the shards that an earlier start did not write, then the manifest; return it.

    Args:
        job: the command.
        planned: the shards; asked for only where the folder is not finished.
        content: what decides their rows, for the fingerprint.
        reads: the folder in which their images lie.
    """
    out, collection = job.out, job.collection
    names = [image_class.name for image_class in collection.classes]
    classes = [[image_class.name, image_class.wnid] for image_class in collection.classes]
    share = [asdict(collection.validation_share)] if collection.validation_share else []
    made_from = fingerprint([content, asdict(job.form), classes, *share])
    if is_finished(out, made_from):
        say(f"{out}: finished before")
        return out.read_json("manifest.json")
    write_record(out, made_from, job.source, collection.layout, job.form)
    shards = list(planned)
    job.run(_writing(job, shards, names, reads), reads)
    rows, left_out = _rows_of(out, shards)
    total = sum(len(shard.photographs) for shard in shards)
    quarantined = [*collection.quarantined, *left_out]
    check_quarantined_share(quarantined, total - len(left_out), job.max_quarantined)
    manifest = write_manifest(out, replace(collection, quarantined=quarantined), rows)
    forget_notes(out)
    return manifest


def write_piece(source: Storage, out: Storage, planned: PlannedShard, form: StoredForm, class_names: list[str]) -> int:
    """Write a shard, then the note about it; return the number of photographs read.

    Cost: 400 MB of memory (measured; at most one row group of images at a time), 0.5 GB more where `--check` meets the
        largest image allowed.
    Retry: safe; the shard and its note are replaced by the same bytes.
    """
    written = write_shard(source, out, planned, form, class_names)
    out.write_json(note_of(planned.name), written.to_json())
    return len(planned.photographs)


def _writing(job: IndexJob, shards: list[PlannedShard], class_names: list[str], reads: Storage) -> Work:
    unfinished = [shard for shard in shards if _written(job.out, shard) is None]
    total, left = (sum(len(shard.photographs) for shard in some) for some in (shards, unfinished))
    pieces = [(reads, job.out, shard, job.form, class_names) for shard in unfinished]
    return Work("write shards", write_piece, pieces, total, total - left)


def _written(out: Storage, planned: PlannedShard) -> WrittenShard | None:
    """What an earlier start wrote of a shard; None if it did not come to its end."""
    note = read_note(out, note_of(planned.name))
    return WrittenShard.from_json(note) if note and "footer" in note and out.exists(planned.name) else None


def _rows_of(out: Storage, shards: list[PlannedShard]) -> tuple[dict[str, list[ShardRows]], list[Any]]:
    """The rows of all shards by split, and the photographs left out."""
    rows: dict[str, list[ShardRows]] = {}
    quarantined = []
    for shard in shards:
        written = _written(out, shard)
        if written is None:
            raise DataError(f"{out.path(shard.name)} cannot be read; index again")
        of_shard, left_out = written_rows(out, shard, written)
        rows.setdefault(shard.split, []).append(of_shard)
        quarantined += left_out
    return rows, quarantined
