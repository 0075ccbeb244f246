"""Ray tasks that write, or check, one shard of a data set each; a note beside the data set says that it is done."""

from __future__ import annotations

import posixpath
from typing import Any

from lp_core.dataset.shards import Shard
from lp_core.errors import DataError, LogpolarError
from lp_core.fingerprint import fingerprint
from lp_core.indexing.archive import Members, Region, list_members
from lp_core.indexing.extraction import extract_images, extracted_files, extracted_name
from lp_core.indexing.layouts.found import Files
from lp_core.indexing.manifest import source_shard
from lp_core.indexing.plan import Piece
from lp_core.indexing.resize import Form
from lp_core.indexing.shard_rows import ShardRows
from lp_core.indexing.writing import Written, shard_faults, write_shard
from lp_core.storage import Storage

NOTES = "unfinished"
"""Folder of the notes; gone when the data set is finished."""


def write_piece(source: Storage, out: Storage, piece: Piece, form: Form, class_names: list[str]) -> int:
    """Write a shard, then the note about it; return the number of photographs looked at.

    Cost: 400 MB of memory (measured; at most one row group of images at a time), 0.5 GB more where `--check` meets the
        largest image allowed.
    Retry: safe; the shard and its note are replaced by the same bytes.
    """
    written = write_shard(source, out, piece, form, class_names)
    out.write_json(note_of(piece.name), written.to_json())
    return len(piece.wanted)


def check_piece(out: Storage, shard: Shard, note: str, rows: int) -> int:
    """Decode every photograph of a shard, note the faults; return the number of photographs looked at.

    Retry: safe; reads only.
    """
    out.write_json(note, {"faults": shard_faults(shard)})
    return rows


def extract_piece(out: Storage, shard: Shard, name: str) -> int:
    """Write a shard's images back to back, and a note of their sizes; return their number.

    Cost: disk for a second copy of the images, until the data set is finished; memory for one page of the shard.
    Retry: safe; the file and its note are replaced by the same bytes.
    """
    sizes = extract_images(shard, out, name)
    out.write_json(note_of(name), {"sizes": sizes})
    return len(sizes)


def extractions(out: Storage, shards: dict[str, list[ShardRows]], image: str) -> tuple[list[tuple], int, int]:
    """Arguments of `extract_piece` for every shard that an earlier start did not extract; rows in all; rows done."""
    work, total, already = [], 0, 0
    for split, listed in shards.items():
        for number, shard in enumerate(listed):
            name = extracted_name(NOTES, split, number)
            total += len(shard.labels)
            if read_note(out, note_of(name)) is None:
                work.append((out, source_shard(shard, image), name))
            else:
                already += len(shard.labels)
    return work, total, already


def extracted_split(out: Storage, split: str, shards: list[ShardRows]) -> Files:
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


def list_archive(out: Storage, region: Region) -> Members:
    """The members of an archive, from the note of an earlier start if the archive has not changed since.

    Retry: safe; the note is replaced by the same bytes.
    """
    storage, name = Storage.of_file(region.uri)
    changed = storage.filesystem.get_file_info(storage.path(name)).mtime_ns
    note = f"{NOTES}/list-{fingerprint([region.uri, region.start, region.size, region.wanted, changed])}.json"
    if (known := read_note(out, note)) is not None:
        return Members.from_json(known)
    members = list_members(region)
    out.write_json(note, members.to_json())
    return members


def note_of(shard: str) -> str:
    """Name of the note about a shard."""
    return f"{NOTES}/{posixpath.splitext(posixpath.basename(shard))[0]}.json"


def read_note(out: Storage, name: str) -> dict[str, Any] | None:
    """What a task noted; None if it is not there or not whole."""
    try:
        return out.read_json(name)
    except (OSError, LogpolarError):
        return None


def written_piece(out: Storage, piece: Piece) -> Written | None:
    """What an earlier start wrote of a piece; None if it did not come to its end."""
    note = read_note(out, note_of(piece.name))
    return Written.from_json(note) if note and "footer" in note and out.exists(piece.name) else None


def forget_notes(out: Storage) -> None:
    """Remove the notes of a data set that is finished, and what killed tasks left half-written."""
    half = [name for folder in ("data", "rows") for name in out.files(folder) if name.endswith(".part")]
    for name in [*out.files(NOTES), *half]:
        out.remove(name)
    if out.exists(NOTES):
        out.filesystem.delete_dir(out.path(NOTES))
