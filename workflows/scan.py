"""`logpolar scan`: the nine strongest activations of every channel, and where and how often it responds at all."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lp_core.dataset.faulty_rows import check_faulty_share, describe, record, summary
from lp_core.dataset.feed import used_rows
from lp_core.errors import DataError, InvariantError, check
from lp_core.fingerprint import checksum, fingerprint
from lp_core.images.network_input import log_polar_map
from lp_core.run.inputs import view_inputs
from lp_core.run.stage import Stage, Stopwatch
from lp_core.settings import ViewName
from lp_core.storage import Storage
from tasks.pieces import row_pieces, run_pieces
from tasks.progress import Progress, say
from tasks.reducing import GROUP, read_joined, reduce_files
from tasks.scanning import Search, scan_rows
from workflows.session import Session
from workflows.stages import VALIDATION

if TYPE_CHECKING:
    from lp_core.exemplars.findings import Findings
    from lp_core.exemplars.top_k import TopK

FOVEA = 2.0
"""Radius in px of the resized crop up to which a ring repeats a handful of the photograph's pixels."""


def scan(session: Session) -> None:
    """Scan a split with every view's network; pieces that an earlier start finished are kept.

    Raises:
        LogpolarError: a view is not trained with the present settings, or the split or an epoch's weights do not exist.
    """
    check_split(session)
    for view in session.recipe.views:
        for stage in session.stages.scans(view).values():
            session.stages.require(*stage.before)
    session.write_config()
    _scan_views(session)


def scan_validation(session: Session) -> None:
    """Scan what features and report show, where the settings ask for another split; the settings stay as they are."""
    recipe = session.recipe
    shown = replace(recipe.scan, split=VALIDATION, checkpoints="none", maxima=False)
    session.recipe = replace(recipe, scan=shown)
    try:
        _scan_views(session)
    finally:
        session.recipe = recipe


def check_split(session: Session) -> None:
    """Refuse a split that does not exist or is empty."""
    data, split = session.recipe.data, session.recipe.scan.split
    check(len(used_rows(session.recipe, split)) > 0, f"{data.path}: split {split} has no rows", DataError)


def _scan_views(session: Session) -> None:
    for view in session.recipe.views:
        stages = session.stages.scans(view)
        unfinished = {epoch: stage for epoch, stage in stages.items() if not _is_finished(stage, session)}
        if unfinished:
            _scan_view(session, view, unfinished)
        else:
            say(f"scan {view}: finished before")
        if len(stages) > 1:
            _follow(session, view, stages)


def _is_finished(stage: Stage, session: Session) -> bool:
    if not stage.is_finished():
        return False
    return not session.recipe.scan.maxima or "maxima.npy" in (stage.fact("files") or {})


def _scan_view(session: Session, view: ViewName, stages: dict[int | None, Stage]) -> None:
    """Scan with several weights of a view; a task decodes its images once for all of them."""
    recipe = session.recipe
    rows = used_rows(recipe, recipe.scan.split)
    searches = {epoch: _search(session, view, epoch, stage) for epoch, stage in stages.items()}
    pieces = []
    for part in row_pieces(rows, recipe.scan.piece_rows):
        unfinished = tuple(search for search in searches.values() if not search.is_finished(part))
        if unfinished:
            pieces.append((unfinished, part))
    for stage in stages.values():
        stage.invalidate()
    watch = Stopwatch()
    networks = f" with {len(stages)} networks" if len(stages) > 1 else ""
    with Progress(f"scan {view}{networks}", len(rows) * len(stages), "images") as progress:
        progress.already(len(rows) * len(stages) - sum(len(part) * len(some) for some, part in pieces))
        if pieces:
            for seen in run_pieces(scan_rows, pieces, session.cluster, recipe.scan.gpus_per_task):
                progress.advance(seen)
    for epoch, stage in stages.items():
        facts = _reduce(session, view, stage, searches[epoch])
        if len(stages) > 1:
            facts["networks"] = len(stages)
        stage.finish(watch.seconds, **facts)
        for file in stage.folder.files("scan"):
            stage.folder.remove(file)


def _search(session: Session, view: ViewName, epoch: int | None, stage: Stage) -> Search:
    scan = session.recipe.scan
    # A piece is named by everything it depends on, its length included.
    return Search(
        session.trained(view, epoch), stage.folder.uri, fingerprint([stage.fingerprint, scan.piece_rows, scan.maxima])
    )


def _reduce(session: Session, view: ViewName, stage: Stage, search: Search) -> dict[str, Any]:
    """Join the pieces into tables; return facts for the manifest: the files' SHA-256 and what computed them."""
    recipe, folder = session.recipe, stage.folder
    rows = used_rows(recipe, recipe.scan.split)
    pieces = [search.file(part) for part in row_pieces(rows, recipe.scan.piece_rows)]
    files = reduce_files(folder, pieces, session.cluster, f"join {view}") if len(pieces) > GROUP else pieces
    found = read_joined(folder, files)
    scanned = found.statistics.row_N
    check(
        bool(np.isin(scanned, rows).all()), "other images were scanned than those asked for; scan again", InvariantError
    )
    faulty = describe(session.dataset, recipe.scan.split, np.setdiff1d(rows, scanned).tolist())
    check_faulty_share(faulty, recipe.scan.split, len(rows), recipe.data.max_quarantined)
    if faulty:
        record(session.run / view, faulty)
        say(f"scan {view}: {summary(session.run / view, faulty, len(rows))}")
    written = _write_tables(session, view, stage, found)
    if recipe.scan.maxima:
        written |= _write_maxima(session, folder, pieces, scanned)
    else:
        for name in ("maxima.npy", "maxima_images.parquet"):
            folder.remove(name)  # of an earlier scan with other weights
    facts = {"images": len(scanned), "quarantined": len(faulty), "exemplars": written["exemplars.parquet"]}
    return facts | {"files": written, "machines": list(found.machines)}


def _write_tables(session: Session, view: ViewName, stage: Stage, found: Findings) -> dict[str, str]:
    """Write what a person asks for; return SHA-256 by file name."""
    from lp_core.exemplars.channel_statistics import statistics_table
    from lp_core.exemplars.table import write_exemplars

    exemplars, channels, places = io.BytesIO(), io.BytesIO(), io.BytesIO()
    write_exemplars(exemplars_of(session, view, stage, found.top_k), exemplars)
    pq.write_table(statistics_table(found.statistics), channels)
    by_layer = {layer: found.statistics.places(layer) for layer in found.statistics.layer_channels}
    np.savez_compressed(places, allow_pickle=False, **by_layer)
    written = {"exemplars.parquet": exemplars, "channels.parquet": channels, "places.npz": places}
    for name, content in written.items():
        stage.folder.write_bytes(name, content.getvalue())
    return {name: checksum(content.getvalue()) for name, content in written.items()}


def _write_maxima(session: Session, folder: Storage, pieces: list[str], scanned: np.ndarray) -> dict[str, str]:
    """Write all images' maxima piece by piece, and the table that says whose they are; return SHA-256 by file name."""
    from lp_core.exemplars.findings import maxima_of
    from lp_core.network.layers import conv_channels

    identities, images = _identities(session), io.BytesIO()
    identities = identities.filter(np.isin(identities["row"].to_numpy(), scanned))
    pq.write_table(identities, images)
    folder.write_bytes("maxima_images.parquet", images.getvalue())
    header, digest = io.BytesIO(), hashlib.sha256()
    shape = len(identities), sum(conv_channels(session.recipe.network.width).values())
    np.lib.format.write_array_header_1_0(header, {"descr": "<f2", "fortran_order": False, "shape": shape})
    with folder.writing("maxima.npy") as file:
        for part in (header.getvalue(), *(maxima_of(folder.read_bytes(piece)).tobytes() for piece in pieces)):
            file.write(part)
            digest.update(part)
    return {"maxima.npy": digest.hexdigest(), "maxima_images.parquet": checksum(images.getvalue())}


def _follow(session: Session, view: ViewName, stages: dict[int | None, Stage]) -> None:
    """Write and say how the nine change from epoch to epoch."""
    from lp_core.exemplars.table import read_exemplars
    from lp_core.measures.evolution import changes_table

    last = session.recipe.train.epochs
    changes = session.stages.changes(view)
    if changes.is_finished():
        return
    watch = Stopwatch()
    changes.invalidate()
    tables = {
        epoch or last: read_exemplars(io.BytesIO(stage.folder.read_bytes("exemplars.parquet")))
        for epoch, stage in stages.items()
    }
    table, content = changes_table(tables), io.BytesIO()
    pq.write_table(table, content)
    changes.folder.write_bytes("changes.parquet", content.getvalue())
    changes.finish(watch.seconds, epochs=sorted(tables))
    means = table.group_by(["previous_epoch", "epoch"]).aggregate([("shared_with_previous", "mean")]).sort_by("epoch")
    for line in means.to_pylist()[1:]:
        share = f"{line['shared_with_previous_mean']:.1f} of a channel's nine"
        say(f"scan {view}: epochs {line['previous_epoch']} and {line['epoch']} share {share}")


def exemplars_of(session: Session, view: ViewName, stage: Stage, top_k: TopK) -> pa.Table:
    """The table of exemplars that a scan of these nine writes."""
    from lp_core.exemplars.table import exemplar_table
    from lp_core.network.layers import conv_channels

    recipe, size = session.recipe, session.recipe.view.size
    about = {
        "weights": stage.inputs["weights"],
        "dataset": session.dataset.fingerprint,
        "transform": fingerprint(view_inputs(recipe, view) | {"eval_crop": recipe.data.eval_crop}),
        "scan": stage.fingerprint,
    }
    masks = {}
    if view == "log_polar":
        log_polar = log_polar_map(recipe.view)
        masks = {"fill": log_polar.looks_outside(), "fovea": log_polar.looks_within(FOVEA)}
    return exemplar_table(
        top_k,
        conv_channels(recipe.network.width),
        _identities(session),
        session.dataset.class_names,
        about,
        shape_SR=(size, size),
        masks=masks,
        wraps=view == "log_polar" and recipe.network.angle_padding == "circular",
    )


def _identities(session: Session) -> pa.Table:
    """Row number, image id and label of every image scanned, by ascending row number."""
    name = session.recipe.scan.split
    rows, split = used_rows(session.recipe, name), session.dataset.rows(name)
    return pa.table({"row": rows, "image_id": [split.image_id(row) for row in rows], "label": split.label[rows]})
