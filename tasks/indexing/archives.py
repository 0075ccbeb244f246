"""Listing archives: several at once, each from the note of an earlier start where it has not changed since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from lp_core.fingerprint import fingerprint
from lp_core.indexing.sources.archive import Members, Region, list_members
from lp_core.storage import Storage
from tasks.indexing.notes import NOTES, read_note
from tasks.progress import Progress

READERS = 16
"""Archives and shards listed at once: most of the time is spent waiting for the disk or the network. Our choice."""


def list_archives(list_one: Callable[[Region], Members], regions: Sequence[Region]) -> Iterable[Members]:
    """Yield the members of many archives, in the order given."""
    if len(regions) < READERS:
        yield from map(list_one, regions)
        return
    with Progress("list archives", len(regions), "archives") as progress, ThreadPoolExecutor(READERS) as pool:
        for members in pool.map(list_one, regions):
            progress.advance(1)
            yield members


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
