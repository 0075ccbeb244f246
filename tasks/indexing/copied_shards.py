"""Copying Parquet shards: made smaller, in random order, or both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lp_core.dataset.shards import Columns, Shard
from lp_core.errors import DataError
from lp_core.indexing.class_list import named_classes
from lp_core.indexing.collection import SplitFiles
from lp_core.indexing.reading.shard_rows import ShardRows
from lp_core.indexing.writing.copies import planned_copies
from lp_core.indexing.writing.extraction import extract_images, extracted_files, extracted_name
from lp_core.indexing.writing.plan import Plan, PlannedShard
from lp_core.storage import Storage
from tasks.indexing.job import IndexJob, Work
from tasks.indexing.notes import NOTES, note_of, read_note
from tasks.indexing.shards_in_place import folder_of, read_shards
from tasks.indexing.written_shards import write_shards


def copy_shards(job: IndexJob, seed: int | None) -> dict[str, Any]:
    """Copy Parquet shards, in random order where a seed is given; return the manifest."""
    collection, image = job.collection, job.collection.columns.image
    shards = read_shards(collection, any_size=True)
    classes = named_classes(collection.classes, shards)
    job = replace(job, collection=replace(collection, classes=classes, columns=Columns()))
    content = [[split, [shard.checksum for shard in of_split]] for split, of_split in shards.items()]
    if seed is not None:
        return write_shards(job, _shuffled(job, shards, image, seed), [content, "shuffled", seed], job.out)
    copies = (planned for split, of_split in shards.items() for planned in planned_copies(split, of_split, image))
    return write_shards(job, copies, content, job.source)


def extract_piece(out: Storage, shard: Shard, name: str) -> int:
    """Write a shard's images back to back, and a note of their sizes; return their number.

    Cost: disk for a second copy of the images, until the data set is finished; memory for one page of the shard.
    Retry: safe; the file and its note are replaced by the same bytes.
    """
    sizes = extract_images(shard, out, name)
    out.write_json(note_of(name), {"sizes": sizes})
    return len(sizes)


def _shuffled(job: IndexJob, shards: dict[str, list[ShardRows]], image: str, seed: int) -> Iterator[PlannedShard]:
    """Yield the shards of a shuffled copy; before the first, all images are extracted into the folder."""
    job.run(_extraction(job.out, shards, image), folder_of(shards))
    for split, of_split in shards.items():
        yield from Plan(split, _extracted_split(job.out, split, of_split), seed).shards()


def _extraction(out: Storage, shards: dict[str, list[ShardRows]], image: str) -> Work:
    """Extract the images of every shard that an earlier start did not extract."""
    pieces, total, already = [], 0, 0
    for split, of_split in shards.items():
        for number, shard in enumerate(of_split):
            name = extracted_name(NOTES, split, number)
            total += len(shard.labels)
            if read_note(out, note_of(name)) is None:
                pieces.append((out, shard.as_source(image), name))
            else:
                already += len(shard.labels)
    return Work("extract images", extract_piece, pieces, total, already)


def _extracted_split(out: Storage, split: str, shards: list[ShardRows]) -> SplitFiles:
    """The images of a split whose shards are all extracted.

    Raises:
        DataError: one is not.
    """
    names = [extracted_name(NOTES, split, number) for number in range(len(shards))]
    notes = [read_note(out, note_of(name)) for name in names]
    for name, note in zip(names, notes, strict=True):
        if note is None:
            raise DataError(f"{out.path(name)} cannot be read; index again")
    return extracted_files(shards, names, [note["sizes"] for note in notes if note])
