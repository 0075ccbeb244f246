"""`logpolar index`: a data set folder from a collection of images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from typing import Any, Literal

from tyro.conf import Positional

from lp_core.errors import SettingError, check
from lp_core.fingerprint import fingerprint
from lp_core.indexing.archive import Members, Region, list_members
from lp_core.indexing.layouts import find
from lp_core.indexing.layouts.found import Found, Refused
from lp_core.indexing.manifest import (
    ShardRows,
    copies,
    named_classes,
    read_shard_rows,
    write_manifest,
    written_rows,
)
from lp_core.indexing.plan import Piece, Plan
from lp_core.indexing.quarantine import check_share
from lp_core.indexing.resize import Form
from lp_core.settings import Recipe
from lp_core.storage import Storage
from tasks.cluster import connected
from tasks.indexing import check_piece, forget_notes, list_archive, note_of, read_note, write_piece, written_piece
from tasks.pieces import run_pieces
from tasks.preflight import check_storage
from tasks.progress import Progress, say

RECORD = "index.json"
"""In a data set folder with shards of its own: what they were made from. Written first."""
READERS = 16
"""Archives and shards listed at once: the time goes into waiting for the disk or the network."""
FEW = 4
"""Shards that are written in this process: starting Ray would take longer."""


def index(
    source: Positional[str],
    out: Positional[str],
    *,
    layout: Literal["parquet", "tars", "kaggle", "webdataset", "folders"] | None = None,
    check: bool = False,
    max_side: int | None = None,
    short_side: int | None = None,
    max_quarantined: float = 0.01,
    seed: int = 0,
    address: str | None = None,
) -> None:
    """Make a data set folder: Parquet stays in place; archives and folders of images are written as Parquet shards.

    With --max-side or --short-side, Parquet is copied, too.

    Args:
        source: folder of a collection (local, s3:// or gs://): Hugging Face Parquet, ImageNet's own tars, Kaggle's
            ILSVRC, webdataset tars, or a folder per class.
        out: data set folder to write.
        layout: form of the collection, where looking does not tell.
        check: decode every image now, rather than read its header; for Parquet, rather than nothing.
        max_side: make larger images smaller until their longer side has so many px (JPEG quality 92).
        short_side: the same for the shorter side.
        max_quarantined: share of the files found that may be unusable; they are listed in manifest.json.
        seed: of the order in which rows are stored.
        address: Ray cluster to write with (auto, HOST:PORT); without, one is started on this machine.

    Raises:
        SettingError: the source is missing or of no known layout, or the folder cannot be written to.
    """
    origin, folder, form = Storage.at(source), Storage.at(out), Form(max_side, short_side, check)
    for place in (origin, folder):
        if ":" in place.uri.partition("://")[2].partition("/")[0].rpartition("@")[0]:
            raise SettingError("a URI holds a password, which manifest.json would keep; give it by the environment")
    begun = folder.exists(RECORD) and not folder.exists("manifest.json")
    # A folder that is finished, or another's, is not written into.
    listed = partial(list_archive, folder) if begun or not _holds_data(folder) else list_members
    found = find(origin, layout, folder, partial(_list_archives, listed))
    writes = bool(found.files) or form.resizes
    if found.files:
        manifest = _write(origin, folder, found, form, max_quarantined, seed, address)
    elif form.resizes:
        manifest = _copy(origin, folder, found, form, max_quarantined, address)
    else:
        manifest = _in_place(folder, found, form, max_quarantined, address)
    counts = ", ".join(f"{split['rows']} {name}" for name, split in manifest["splits"].items())
    bad = len(manifest["quarantined"])
    how = "written as shards" if writes else "indexed in place"
    say(
        f"{folder}: {counts} rows of {len(manifest['classes'])} classes ({found.layout}, {how})"
        + (f"; {bad} files quarantined, see manifest.json" if bad else "")
    )


def _list_archives(listed: Callable[[Region], Members], regions: Sequence[Region]) -> Iterable[Members]:
    if len(regions) < READERS:
        yield from map(listed, regions)
        return
    with Progress("list archives", len(regions), "archives") as progress, ThreadPoolExecutor(READERS) as pool:
        for members in pool.map(listed, regions):
            progress.advance(1)
            yield members


def _write(
    origin: Storage, out: Storage, found: Found, form: Form, share: float, seed: int, address: str | None
) -> dict[str, Any]:
    """Write the photographs as shards; those that an earlier start wrote are kept."""
    plans = {split: Plan(split, files, seed) for split, files in found.files.items()}
    for split, plan in plans.items():
        check(len(plan) > 0, f"split {split}: no usable photographs among the files found")
    check_share(found.refused, sum(len(plan) for plan in plans.values()), share)
    made_from = [plan.fingerprint for plan in plans.values()]
    pieces = (piece for plan in plans.values() for piece in plan.pieces())
    return _shards(origin, out, found, form, share, pieces, made_from, address)


def _copy(origin: Storage, out: Storage, found: Found, form: Form, share: float, address: str | None) -> dict[str, Any]:
    """Write smaller copies of Parquet shards."""
    shards = _read_shards(found)
    named = replace(found, classes=named_classes(found.classes, shards))
    made_from = [[split, [shard.checksum for shard in listed]] for split, listed in shards.items()]
    pieces = (piece for split, listed in shards.items() for piece in copies(split, listed))
    return _shards(origin, out, named, form, share, pieces, made_from, address)


def _shards(
    origin: Storage,
    out: Storage,
    found: Found,
    form: Form,
    share: float,
    planned: Iterable[Piece],
    source: Any,
    address: str | None,
) -> dict[str, Any]:
    """Write the shards that an earlier start did not write, then the manifest."""
    names = [one.name for one in found.classes]
    classes = [[one.name, one.wnid] for one in found.classes]
    made_from = fingerprint([source, asdict(form), classes])
    if _is_finished(out, made_from):
        say(f"{out}: finished before")
        return out.read_json("manifest.json")
    out.write_json(RECORD, {"made_from": made_from, "source": origin.uri, "layout": found.layout, **asdict(form)})
    pieces = list(planned)
    total = sum(len(piece.wanted) for piece in pieces)
    unfinished = [piece for piece in pieces if written_piece(out, piece) is None]
    already = total - sum(len(piece.wanted) for piece in unfinished)
    work = [(origin, out, piece, form, names) for piece in unfinished]
    _run("write shards", write_piece, work, total, already, address, out, origin)
    shards: dict[str, list[ShardRows]] = {}
    refused = list(found.refused)
    for piece in pieces:
        written = written_piece(out, piece)
        if written is None:
            raise SettingError(f"{out.path(piece.name)} cannot be read; index again")
        rows, bad = written_rows(out, piece, written)
        shards.setdefault(piece.split, []).append(rows)
        refused += bad
    check_share(refused, total - len(refused) + len(found.refused), share)
    manifest = write_manifest(out, replace(found, refused=refused), shards)
    forget_notes(out)
    return manifest


def _is_finished(out: Storage, made_from: str) -> bool:
    """Whether the folder holds this data set already.

    Raises:
        SettingError: it holds another one, or files that are no data set's.
    """
    if not out.exists(RECORD):
        check(not _holds_data(out), f"{out} holds other files (data/ or manifest.json); give an empty or a new folder")
        return False
    record = out.read_json(RECORD)
    check(
        isinstance(record, dict) and record.get("made_from") == made_from,
        f"{out} was begun with other settings or from other files; remove it, or give another folder",
    )
    return out.exists("manifest.json")


def _holds_data(out: Storage) -> bool:
    return out.exists("manifest.json") or bool(out.files("data"))


def _in_place(out: Storage, found: Found, form: Form, share: float, address: str | None) -> dict[str, Any]:
    """Index Parquet shards where they are."""
    check(not out.exists(RECORD), f"{out} is a data set folder with shards of its own; give another folder")
    shards = _read_shards(found)
    if form.check:
        shards = _checked(out, shards, address)
    rows = sum(len(shard.labels) for listed in shards.values() for shard in listed)
    bad = [
        Refused(split, "", f"{shard.path}:{row}", reason)
        for split, listed in shards.items()
        for shard in listed
        for row, reason in shard.faults.items()
    ]
    check_share([*found.refused, *bad], rows - len(bad), share)
    manifest = write_manifest(out, found, shards)
    forget_notes(out)
    return manifest


def _read_shards(found: Found) -> dict[str, list[ShardRows]]:
    with ThreadPoolExecutor(READERS) as pool:
        return {split: list(pool.map(read_shard_rows, paths)) for split, paths in found.shards.items()}


def _checked(out: Storage, shards: dict[str, list[ShardRows]], address: str | None) -> dict[str, list[ShardRows]]:
    """The shards with the faults that decoding all their images shows."""
    listed = [shard for one in shards.values() for shard in one]
    note = {shard.path: note_of(f"check-{fingerprint([shard.path, shard.checksum])}.parquet") for shard in listed}
    pieces = [(out, shard.path, note[shard.path], len(shard.labels)) for shard in listed]
    unfinished = [piece for piece in pieces if read_note(out, piece[2]) is None]
    total, left = (sum(piece[3] for piece in some) for some in (pieces, unfinished))
    _run("check", check_piece, unfinished, total, total - left, address, out, Storage.of_file(listed[0].path)[0])
    return {
        split: [replace(shard, faults=_faults(out, note[shard.path])) for shard in some]
        for split, some in shards.items()
    }


def _faults(out: Storage, note: str) -> dict[int, str]:
    found = read_note(out, note)
    if found is None:
        raise SettingError(f"{out.path(note)} cannot be read; index again")
    return {int(row): reason for row, reason in found["faults"].items()}


def _run(
    title: str,
    function: Callable[..., int],
    pieces: list[tuple],
    total: int,
    already: int,
    address: str | None,
    written: Storage,
    read: Storage,
) -> None:
    """Run pieces of work here if they are few, else as Ray tasks; each returns the number of rows it did."""
    with ExitStack() as stack:
        if len(pieces) <= FEW and address is None:
            done: Iterable[int] = (function(*piece) for piece in pieces)
        else:
            cluster = stack.enter_context(connected(Recipe(recipe="index"), address))
            if not cluster.is_local:
                check_storage(written, read)
            done = run_pieces(function, pieces, cluster)
        progress = stack.enter_context(Progress(title, total, "rows"))
        progress.already(already)
        for rows in done:
            progress.advance(rows)
