"""`logpolar index`: a data set folder from a collection of images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from typing import Any, Literal

from tyro.conf import Positional

from lp_core.dataset.shards import Columns
from lp_core.errors import DataError, SettingError, check
from lp_core.fingerprint import fingerprint
from lp_core.indexing.archive import Members, Region, list_members
from lp_core.indexing.holding_out import hold_out
from lp_core.indexing.layouts import find
from lp_core.indexing.layouts.found import Found
from lp_core.indexing.manifest import copies, named_classes, source_shard, write_manifest, written_rows
from lp_core.indexing.plan import Piece, Plan
from lp_core.indexing.quarantine import check_share, first_reasons
from lp_core.indexing.remarks import remarks
from lp_core.indexing.resize import Form
from lp_core.indexing.shard_rows import ShardRows, read_shard_rows, refused_rows
from lp_core.indexing.validation_share import ValidationShare
from lp_core.settings import Recipe
from lp_core.storage import Storage
from tasks.cluster import connected
from tasks.indexing import (
    check_piece,
    extract_piece,
    extracted_split,
    extractions,
    forget_notes,
    list_archive,
    note_of,
    read_note,
    write_piece,
    written_piece,
)
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
    shuffle: bool = False,
    image_column: str | None = None,
    label_column: str | None = None,
    max_side: int | None = None,
    short_side: int | None = None,
    max_quarantined: float = 0.01,
    validation_share: float | None = None,
    seed: int = 0,
    address: str | None = None,
) -> None:
    """Make a data set folder: Parquet stays in place; archives and folders of images are written as Parquet shards.

    With --shuffle, --max-side or --short-side, Parquet is copied, too.

    Args:
        source: folder of a collection (local, s3:// or gs://): Hugging Face Parquet, ImageNet's own tars, Kaggle's
            ILSVRC, webdataset tars, or a folder per class.
        out: data set folder to write.
        layout: form of the collection, where looking does not tell.
        check: decode every image now, rather than read its header; for Parquet, rather than nothing.
        shuffle: copy Parquet in random order, for shards stored by class or with large row groups; needs twice its
            space while it runs. Other collections are always shuffled.
        image_column: Parquet's column of images; `image`, or the only one that can be, if not given.
        label_column: Parquet's column of class numbers; `label`, or the only one with class names, if not given.
        max_side: make larger images smaller until their longer side has so many px (JPEG quality 92).
        short_side: the same for the shorter side.
        max_quarantined: share of the files found that may be unusable; they are listed in manifest.json.
        validation_share: share of every class to become the validation split, where the collection has none (0.1, say).
            A photograph's name and --seed decide, so it stays in its split when files are added.
        seed: of the order in which rows are stored, and of what --validation-share takes.
        address: Ray cluster to write with (auto, HOST:PORT); without, one is started on this machine.

    Raises:
        LogpolarError: the source is missing or of no known layout, or the folder cannot be written to.
    """
    origin, folder, form = Storage.at(source), Storage.at(out), Form(max_side, short_side, check)
    for place in (origin, folder):
        if ":" in place.uri.partition("://")[2].partition("/")[0].rpartition("@")[0]:
            raise SettingError("a URI holds a password, which manifest.json would keep; give it by the environment")
    held_out = None if validation_share is None else ValidationShare(validation_share, seed)
    begun = folder.exists(RECORD) and not folder.exists("manifest.json")
    # A folder that is finished, or another's, is not written into.
    listed = partial(list_archive, folder) if begun or not _holds_data(folder) else list_members
    found = find(origin, layout, folder, partial(_list_archives, listed), image_column, label_column)
    for note in found.notes:
        say(note)
    if held_out:
        found = hold_out(found, held_out)
    writes = bool(found.files) or form.resizes or shuffle
    if found.files:
        manifest = _write(origin, folder, found, form, max_quarantined, seed, address)
    elif writes:
        manifest = _copy(origin, folder, found, form, max_quarantined, seed if shuffle else None, address)
    else:
        manifest = _in_place(folder, found, form, max_quarantined, address)
    counts = ", ".join(f"{split['rows']} {name}" for name, split in manifest["splits"].items())
    bad = len(manifest["quarantined"])
    how = "written as shards" if writes else "indexed in place"
    say(
        f"{folder}: {counts} rows of {len(manifest['classes'])} classes ({found.layout}, {how})"
        + (f"; {bad} files quarantined, see manifest.json" if bad else "")
    )
    if "train" in manifest["splits"] and "validation" not in manifest["splits"]:
        say(
            "training needs a validation split: index again with --validation-share 0.1 to take a tenth of train "
            "(to evaluate on all photographs, put their folder into one called val)"
        )
    for remark in remarks(manifest):
        say(remark)


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
        bad = [one for one in found.refused if one.split == split]
        check(
            len(plan) > 0,
            f"split {split}: no usable photographs among the {len(bad)} files found{first_reasons(bad)}",
            DataError,
        )
    check_share(found.refused, sum(len(plan) for plan in plans.values()), share)
    made_from = [plan.fingerprint for plan in plans.values()]
    pieces = (piece for plan in plans.values() for piece in plan.pieces())
    return _shards(origin, out, found, form, share, pieces, made_from, address)


def _copy(
    origin: Storage, out: Storage, found: Found, form: Form, share: float, seed: int | None, address: str | None
) -> dict[str, Any]:
    """Copy Parquet shards: made smaller, or, with a seed, in random order, or both."""
    image = found.columns.image
    shards = _read_shards(found, any_size=True)
    named = replace(found, classes=named_classes(found.classes, shards), columns=Columns())
    made_from = [[split, [shard.checksum for shard in listed]] for split, listed in shards.items()]
    if seed is not None:
        pieces = _shuffled(out, shards, image, seed, address)
        return _shards(origin, out, named, form, share, pieces, [made_from, "shuffled", seed], address, reads=out)
    copied = (piece for split, listed in shards.items() for piece in copies(split, listed, image))
    return _shards(origin, out, named, form, share, copied, made_from, address)


def _shuffled(
    out: Storage, shards: dict[str, list[ShardRows]], image: str, seed: int, address: str | None
) -> Iterator[Piece]:
    """Yield the pieces of a shuffled copy; before the first, all images are extracted into the folder."""
    work, total, already = extractions(out, shards, image)
    _run("extract images", extract_piece, work, total, already, address, out, _folder_of(shards))
    for split, listed in shards.items():
        yield from Plan(split, extracted_split(out, split, listed), seed).pieces()


def _folder_of(shards: dict[str, list[ShardRows]]) -> Storage:
    return Storage.of_file(next(iter(shards.values()))[0].path)[0]


def _shards(
    origin: Storage,
    out: Storage,
    found: Found,
    form: Form,
    share: float,
    planned: Iterable[Piece],
    source: Any,
    address: str | None,
    reads: Storage | None = None,
) -> dict[str, Any]:
    """Write the shards that an earlier start did not write, then the manifest; `reads` is where images lie, if not in
    the source."""
    names = [one.name for one in found.classes]
    classes = [[one.name, one.wnid] for one in found.classes]
    held_out = [asdict(found.held_out)] if found.held_out else []
    made_from = fingerprint([source, asdict(form), classes, *held_out])
    if _is_finished(out, made_from):
        say(f"{out}: finished before")
        return out.read_json("manifest.json")
    out.write_json(RECORD, {"made_from": made_from, "source": origin.uri, "layout": found.layout, **asdict(form)})
    pieces = list(planned)
    total = sum(len(piece.wanted) for piece in pieces)
    unfinished = [piece for piece in pieces if written_piece(out, piece) is None]
    already = total - sum(len(piece.wanted) for piece in unfinished)
    work = [(reads or origin, out, piece, form, names) for piece in unfinished]
    _run("write shards", write_piece, work, total, already, address, out, reads or origin)
    shards: dict[str, list[ShardRows]] = {}
    refused = list(found.refused)
    for piece in pieces:
        written = written_piece(out, piece)
        if written is None:
            raise DataError(f"{out.path(piece.name)} cannot be read; index again")
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
        shards = _checked(out, shards, found.columns.image, address)
    rows = sum(len(shard.labels) for listed in shards.values() for shard in listed)
    bad = [one for split, listed in shards.items() for one in refused_rows(split, listed)]
    check_share([*found.refused, *bad], rows - len(bad), share)
    manifest = write_manifest(out, found, shards)
    forget_notes(out)
    return manifest


def _read_shards(found: Found, any_size: bool = False) -> dict[str, list[ShardRows]]:
    read = partial(read_shard_rows, columns=found.columns, any_size=any_size)
    with ThreadPoolExecutor(READERS) as pool:
        return {split: list(pool.map(read, paths)) for split, paths in found.shards.items()}


def _checked(
    out: Storage, shards: dict[str, list[ShardRows]], image: str, address: str | None
) -> dict[str, list[ShardRows]]:
    """The shards with the faults that decoding all their images shows."""
    listed = [shard for one in shards.values() for shard in one]
    note = {shard.path: note_of(f"check-{fingerprint([shard.path, shard.checksum])}.parquet") for shard in listed}
    pieces = [(out, source_shard(shard, image), note[shard.path], len(shard.labels)) for shard in listed]
    unfinished = [piece for piece in pieces if read_note(out, piece[2]) is None]
    total, left = (sum(piece[3] for piece in some) for some in (pieces, unfinished))
    _run("check", check_piece, unfinished, total, total - left, address, out, _folder_of(shards))
    return {
        split: [replace(shard, faults=_faults(out, note[shard.path])) for shard in some]
        for split, some in shards.items()
    }


def _faults(out: Storage, note: str) -> dict[int, str]:
    found = read_note(out, note)
    if found is None:
        raise DataError(f"{out.path(note)} cannot be read; index again")
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
            cluster = stack.enter_context(connected(Recipe(name="index"), address))
            if not cluster.is_local:
                check_storage(written, read)
            done = run_pieces(function, pieces, cluster)
        progress = stack.enter_context(Progress(title, total, "rows"))
        progress.already(already)
        for rows in done:
            progress.advance(rows)
