"""`logpolar scan`: the nine strongest activations of every channel, and where and how often it responds at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from lp_core.dataset.faulty_rows import check_faulty_share, describe, record, summary
from lp_core.errors import DataError, InvariantError, check
from lp_core.fingerprint import fingerprint
from lp_core.network.layers import architecture_of
from lp_core.run.files import CHANGES, EXEMPLARS, MAXIMA, RINGS
from lp_core.run.stage import Stage, Stopwatch, stage_run
from lp_core.settings import Control, Recipe, ViewName
from tasks.first_look import look_file, look_first
from tasks.from_recipe import rows_of
from tasks.pieces import row_pieces
from tasks.progress import Progress, say
from tasks.reducing import GROUP, read_joined, reduce_files
from tasks.scanning import Search, scan_rows
from workflows.session import Session
from workflows.stages import VALIDATION

MAXIMA_SHARE = 0.01
"""Share of the free space that maxima may take unless they are asked for. Source: our choice."""
HALF_BYTES = 2
"""Of a float16."""


def scan(session: Session) -> None:
    """Scan a split with every view's network; pieces that an earlier start finished are skipped.

    Raises:
        LogpolarError: a view is not trained with the present settings, or the split or an epoch's weights do not exist.
    """
    check_places(session.recipe)
    check_split(session)
    for view in session.recipe.views:
        for stage in session.stages.scans(view).values():
            session.stages.require(*stage.before)
    session.write_config()
    _scan_views(session)


def scan_validation(session: Session) -> None:
    """Scan what features and report show, where the settings ask for something else; the settings stay as they are."""
    recipe = session.recipe
    shown = replace(recipe.scan, split=VALIDATION, control="none", checkpoints="none")
    session.recipe = replace(recipe, scan=shown)
    try:
        _scan_views(session)
    finally:
        session.recipe = recipe


def scan_control(session: Session, view: ViewName, epochs: Iterable[int | None], control: Control) -> None:
    """Scan the validation split with networks that measures compare with, unless that is finished.

    Args:
        session: its settings stay as they are.
        view: of the networks.
        epochs: whose weights they have; 0 before the first step, None for the finished ones.
        control: a null of the photographs or channels.
    """
    recipe, epochs = session.recipe, list(epochs)
    # M compares the trained network with the untrained one, and needs the maxima of both.
    maxima = recipe.scan.maxima if (epochs, control) == ([0], "none") else "never"
    chosen = replace(recipe.scan, split=VALIDATION, control=control, checkpoints="none", maxima=maxima)
    session.recipe = replace(recipe, scan=chosen)
    try:
        stages = {epoch: session.stages.scan(view, epoch, control=control) for epoch in epochs}
        unfinished = {epoch: stage for epoch, stage in stages.items() if not _is_finished(stage, session)}
        for stage in unfinished.values():
            session.stages.require(*stage.before)
        if unfinished:
            _scan_view(session, view, unfinished)
    finally:
        session.recipe = recipe


def check_places(recipe: Recipe) -> None:
    """Refuse to scan a fisheye: a px of its input is at another place in the crop, so places would be wrong."""
    check(
        not (recipe.geometry.fisheye and "cartesian" in recipe.views),
        "with view.fisheye a px of the ordinary input is at another place in the crop, so no places are measured; "
        "give --until evaluate, or --views log_polar to scan that view alone",
    )


def check_split(session: Session) -> None:
    """Refuse a split that does not exist or is empty."""
    data, split = session.recipe.data, session.recipe.scan.split
    check(len(rows_of(session.recipe, split)) > 0, f"{data.path}: split {split} has no rows", DataError)


def _scan_views(session: Session) -> None:
    for view in session.recipe.views:
        stages = session.stages.scans(view)
        unfinished = {epoch: stage for epoch, stage in stages.items() if not _is_finished(stage, session)}
        if unfinished:
            _scan_view(session, view, unfinished)
        else:
            say(f"scan {view}: finished before")
        if len(stages) > 1:
            _compare_epochs(session, view, stages)


def _is_finished(stage: Stage, session: Session) -> bool:
    if not stage.is_finished():
        return False
    written = stage.fact("files") or {}
    wants_maxima = session.recipe.scan.maxima == "always"
    if RINGS not in written or (wants_maxima and MAXIMA not in written):
        return False  # as scans of earlier versions
    return all(stage.folder.exists(name) for name in written)  # a damaged one was removed to be made again


def _scan_view(session: Session, view: ViewName, stages: dict[int | None, Stage]) -> None:
    """Scan with several weights of a view; a task decodes its images once for all of them."""
    recipe = session.recipe
    rows = rows_of(recipe, recipe.scan.split)
    searches = _searches(session, view, stages)
    pieces = []
    for part in row_pieces(rows, recipe.scan.piece_rows):
        if unfinished := tuple(search for search in searches.values() if not search.is_finished(part)):
            pieces.append((unfinished, part))
    for stage in stages.values():
        stage.invalidate()
    watch = Stopwatch()
    with Progress(_title(view, stages, recipe.scan.control), len(rows) * len(stages), "images") as progress:
        progress.already(len(rows) * len(stages) - sum(len(part) * len(unfinished) for unfinished, part in pieces))
        if pieces:
            for images in session.executor.run(scan_rows, pieces, recipe.scan.gpus_per_task):
                progress.advance(images)
    for epoch, stage in stages.items():
        facts = _reduce(session, view, stage, searches[epoch])
        if len(stages) > 1:
            facts["networks"] = len(stages)
        stage.finish(watch.seconds, **facts)
        for file in stage.folder.files("scan"):
            stage.folder.remove(file)


def _title(view: ViewName, stages: dict[int | None, Stage], control: Control) -> str:
    """What is scanned, for the line of progress."""
    networks = f" with {len(stages)} networks" if len(stages) > 1 else ""
    [epoch, *_] = stages
    if not networks and epoch is not None:
        networks = f" epoch {epoch}"
    return f"scan {view}{networks}" + (f", {control}" if control != "none" else "")


def _searches(session: Session, view: ViewName, stages: dict[int | None, Stage]) -> dict[int | None, Search]:
    """Each network's search, after its first look; pieces are named by all that they depend on, including length."""
    scan = session.recipe.scan
    maxima = _keeps_maxima(session, view, len(stages))
    first = {
        epoch: Search(session.trained(view, epoch), stage.folder.uri, look_file(stage.fingerprint), maxima)
        for epoch, stage in stages.items()
    }
    look_first(tuple(first.values()), session.executor, scan.gpus_per_task)
    searches = {}
    for epoch, search in first.items():
        parts = [stages[epoch].fingerprint, scan.piece_rows, maxima, search.thresholds().tolist()]
        searches[epoch] = replace(search, name=fingerprint(parts))
    return searches


def _keeps_maxima(session: Session, view: ViewName, networks: int) -> bool:
    """Whether all images' maxima are written; says so where the disk is too full for `auto`."""
    scan, images = session.recipe.scan, len(rows_of(session.recipe, session.recipe.scan.split))
    if scan.maxima != "auto":
        return scan.maxima == "always"
    needed = networks * images * sum(architecture_of(session.recipe.network).channels.values()) * HALF_BYTES
    free = session.run.free_bytes()
    if free is None or needed < MAXIMA_SHARE * free:
        return True
    say(
        f"scan {view}: {MAXIMA} is not written, because {needed / 2**20:.1f} MiB is more than {MAXIMA_SHARE:.0%} of "
        f"the free {free / 2**30:.1f} GiB; --scan.maxima always writes it"
    )
    return False


def _reduce(session: Session, view: ViewName, stage: Stage, search: Search) -> dict[str, Any]:
    """Join the pieces into tables; return facts for the manifest: the files' SHA-256 and the machines that computed."""
    from lp_core.exemplars.scan_files import ScanFiles

    recipe, folder = session.recipe, stage.folder
    rows = rows_of(recipe, recipe.scan.split)
    pieces = [search.file(part) for part in row_pieces(rows, recipe.scan.piece_rows)]
    joined = reduce_files(folder, pieces, session.executor, f"join {view}", GROUP) if len(pieces) > GROUP else pieces
    result = read_joined(folder, joined)
    scanned = result.statistics.row_N
    check(
        bool(np.isin(scanned, rows).all()), "other images were scanned than those asked for; scan again", InvariantError
    )
    faulty = describe(session.dataset, recipe.scan.split, np.setdiff1d(rows, scanned).tolist())
    check_faulty_share(faulty, recipe.scan.split, len(rows), recipe.data.max_quarantined)
    if faulty:
        record(session.run / view, faulty)
        say(f"scan {view}: {summary(session.run / view, faulty, len(rows))}")
    files = ScanFiles(stage, recipe, view, session.dataset)
    written = files.write(result)
    if search.maxima:
        written |= files.write_maxima(pieces, result)
    else:
        files.remove_maxima()
    facts = {"images": len(scanned), "quarantined": len(faulty), "exemplars": written[EXEMPLARS]}
    return facts | {"files": written, "machines": list(result.machines)}


def _compare_epochs(session: Session, view: ViewName, scans: dict[int | None, Stage]) -> None:
    """Write and print how the nine change from epoch to epoch."""
    from lp_core.exemplars.table import read_exemplars
    from lp_core.measures.evolution import changes_table, mean_shared

    last = session.recipe.train.epochs
    stage = session.stages.changes(view)
    if stage.is_finished():
        return
    with stage_run(stage) as watch:
        exemplars = {last if epoch is None else epoch: read_exemplars(scan.folder) for epoch, scan in scans.items()}
        changes = changes_table(exemplars)
        stage.folder.write_table(CHANGES, changes)
    stage.finish(watch.seconds, epochs=sorted(exemplars))
    for previous, epoch, images in mean_shared(changes):
        say(f"scan {view}: epochs {previous} and {epoch} share {images:.1f} of a channel's nine")
