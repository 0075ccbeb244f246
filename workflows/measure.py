"""`logpolar measure`: the paper's sentences as numbers, each with what chance would give, and a verdict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lp_core.errors import DataError
from lp_core.findings.pictures import channels_tested
from lp_core.findings.values import FIXATIONS, ROTATED, SCRAMBLED, TRAINED, UNTRAINED
from lp_core.findings.verdict_rows import RunSize, finding_line, findings, findings_document
from lp_core.measures.rules import CORE, RULES_OF_SET, SETS, Rules, committed_rules, read_rules
from lp_core.measures.sanity_channels import asked_layers
from lp_core.network.layers import architecture_of
from lp_core.run import files
from lp_core.run.stage import Stage, stage_run
from lp_core.settings import VIEW_NAMES, MeasureSettings, ViewName
from lp_core.storage import Storage
from tasks.from_recipe import rows_of
from tasks.lesion import lesion
from tasks.measuring import (
    CHANNELS,
    GROUPS,
    PARTS,
    NetworkNines,
    finished_part,
    group_nines,
    has_hashes,
    read_active_share,
    read_nines,
    read_part,
)
from tasks.progress import Progress, say
from tasks.twins import TwinNetwork, has_maxima, twins_of
from workflows.absences import absences_of, possible_absences
from workflows.equivariance import equivariance_tables, equivariance_view
from workflows.evolution import check_history, evolve
from workflows.patches import patch_groupings
from workflows.retention import retention_table, retention_view
from workflows.sanity import sanity, with_pictures
from workflows.scan import scan_control
from workflows.session import Session
from workflows.stages import VALIDATION
from workflows.tolerance import tolerance_images, tolerance_tables, tolerance_view

if TYPE_CHECKING:
    from lp_core.exemplars.ring_activity import LayerActivity
    from lp_core.findings.run_tables import RunTables
    from tasks.embedders import Embedder

OF_SCANS = ("twins", "grouping.G_without_duplicates", "grouping.M", "firing.foveal_index")
"""Beginnings of measures that files of a scan make possible, which another scan with the same inputs may write."""
PLUGIN = "plugin"
"""Name of the embedding that `measure.embedding` gives."""
LESION_PARTS = f"{PARTS}/lesion"


def measure(session: Session) -> None:
    """Measure grouping and place of all views against their controls, and judge the claims of `measure.toml`.

    Controls that were not scanned yet are scanned first.

    Raises:
        LogpolarError: a view is not scanned with the present settings.
    """
    measure_run(session)
    for row in session.run.read_json(files.FINDINGS)["findings"]:
        say(finding_line(row))


def measure_run(session: Session) -> Stage:
    """The same, without a word about the findings; return the finished stage.

    Raises:
        LogpolarError: as `measure`.
    """
    graph = session.stages
    graph.require(*(graph.scan(view) for view in session.recipe.views))
    if session.recipe.measure.embedding:
        from tasks.embedders import imported_embedder

        imported_embedder(session.recipe.measure.embedding, session.recipe.geometry.size)  # refuses before it is kept
    if session.recipe.measure.sanity:
        asked_layers(session.recipe)  # refuses before it is kept
    if session.recipe.measure.evolution:
        check_history(session)  # likewise
    session.write_config()
    for view in session.recipe.views:
        for epoch, control in graph.networks(view).values():
            if (epoch, control) != (None, "none"):  # that of the finished weights is no control
                scan_control(session, view, [epoch], control)
        if session.recipe.measure.tolerance:
            tolerance_view(session, view)
            retention_view(session, view)
            equivariance_view(session, view)
        if session.recipe.measure.sanity:
            sanity(session, view)
    if session.recipe.measure.evolution:
        evolve(session)
    stage = session.stages.measure()
    if stage.is_finished() and not stage.changed_files() and not _is_more_possible(session, stage):
        say("measure: finished before")
    else:
        _measure_run(session, stage)
    return stage


def _is_more_possible(session: Session, stage: Stage) -> bool:
    """Whether a finished stage left out what a scan has made possible since: its fingerprint does not change then."""
    noted = {(absence["view"], absence["measure"]) for absence in stage.fact("absences")}
    now = {(absence.view, absence.measure) for absence in possible_absences(session)}
    return any(measure.startswith(OF_SCANS) for _, measure in noted - now)


def _measure_run(session: Session, stage: Stage) -> None:
    """Write the tables of `measures/` and findings.json."""
    from lp_core.findings.grouping import independent_concordance
    from lp_core.findings.run_tables import MeasuredChannels, MeasuredNetwork, run_tables

    run, sets = session.run, rule_sets(session.recipe.measure)
    for view in session.recipe.views:
        for scan in session.stages.measured_scans(view).values():
            _check_files(scan)
    with stage_run(stage) as watch:
        run.remove(files.FINDINGS)  # a report must not show those of other settings
        embedders = _embedders(session)
        pieces = _pieces(session, _embeddings(session, embedders))
        _group(session, pieces)
        groupings = {(piece.view, piece.network): finished_part(piece, GROUPS) for piece in pieces}
        if session.recipe.measure.patches and embedders:
            for key, table in patch_groupings(session, embedders, run).items():
                groupings[key] = pa.concat_tables([groupings[key], table])
        networks = [
            MeasuredNetwork(
                view, network, groupings.get((view, network)), {} if network == ROTATED else _activity(scan)
            )
            for view in session.recipe.views
            for network, scan in session.stages.measured_scans(view).items()
        ]
        trained = {piece.view: piece for piece in pieces if piece.network == TRAINED}
        channels = {
            view: MeasuredChannels(
                read_nines(Storage(piece.scan)), finished_part(piece, CHANNELS), read_active_share(Storage(piece.scan))
            )
            for view, piece in trained.items()
        }
        images_L = _images_by_class(session)
        made = run_tables(
            networks,
            channels,
            session.recipe.geometry,
            independent=independent_concordance(images_L),
            twins=_twins(session),
            lesion=_lesion(session),
            accuracy=_accuracy(session),
            architecture=architecture_of(session.recipe.network),
            evolution=_evolution(session),
        )
        if session.recipe.measure.tolerance:
            made = _with_tolerance(session, made)
        if session.recipe.measure.sanity:
            made = with_pictures(session, made)
        written = {name: run.write_table(name, table) for name, table in made.tables.items()}
        for name in run.files(files.MEASURES):  # which other views or settings left
            if name not in written and not name.startswith(PARTS):
                run.remove(name)
        absences = absences_of(session, made)
        images = min(session.stages.scan(view).fact("images") or images_L.sum() for view in session.recipe.views)
        classes = int((images_L > 0).sum())
        looked_at = tolerance_images(session)
        drawn = channels_tested(made.tables[files.PICTURES]) if session.recipe.measure.sanity else None
        size = RunSize(session.recipe.geometry.size, classes, int(images), made.complete_channels(), looked_at, drawn)
        judged = [row for rules in sets for row in findings([made.values], [size], rules, absences)]
        run.write_json(files.FINDINGS, findings_document(judged, sets[0]))
    for absence in absences:
        say(f"measure {absence.view}: {absence.measure or 'all'} left out: {absence.reason}")
    facts = {"files": written, "input_px": size.input_px, "classes": size.classes, "images": size.images}
    facts |= {} if looked_at is None else {"tolerance_images": looked_at}
    stage.finish(watch.seconds, **facts, absences=[asdict(absence) for absence in absences])
    (run / PARTS).remove_folder()


def rule_sets(settings: MeasureSettings) -> list[Rules]:
    """The rules of the claims that are judged: those of `measure.toml`, and of the sets that were asked for."""
    names = [CORE, *(RULES_OF_SET[name] for name in SETS if getattr(settings, name))]
    return [read_rules(committed_rules(name)) for name in names]


def _with_tolerance(session: Session, made: RunTables) -> RunTables:
    """The tables, and what the tolerance tests of all views found."""
    curves, summary, values = tolerance_tables(session)
    kept, of_channels = retention_table(session)
    tables = {files.TOLERANCE_CURVES: curves, files.TOLERANCE_SUMMARY: summary}
    for name, table in tables.items():
        made = made.with_table(name, table, values)
    made = made.with_table(files.RETENTION_CURVES, kept, of_channels)
    return made.with_table(files.EQUIVARIANCE_ERRORS, *equivariance_tables(session))


def _check_files(scan: Stage) -> None:
    """Refuse the tables of a scan that are not what it wrote.

    Raises:
        DataError: the message names the first such file.
    """
    for complaint in scan.changed_files():
        raise DataError(f"{scan.folder}: {complaint}; remove the file, and scan again")


def _pieces(session: Session, embeddings: tuple[tuple[str, str], ...]) -> list[NetworkNines]:
    """A piece for every network whose nines are measured; epochs between first and last measure G alone."""
    recipe, pieces = session.recipe, []
    for view in recipe.views:
        scans = session.stages.measured_scans(view)
        hashes = scans[TRAINED].folder
        for network, scan in scans.items():
            if network in (SCRAMBLED, FIXATIONS):
                continue  # controls of place: scrambled photographs show nothing that a class could name
            pieces.append(
                NetworkNines(
                    run=session.run.uri,
                    view=view,
                    network=network,
                    scan=scan.folder.uri,
                    scanned=scan.fingerprint,
                    geometry=recipe.geometry,
                    dataset=recipe.data.path,
                    hashes=hashes.uri if has_hashes(hashes) else None,
                    samples=recipe.measure.samples,
                    seed=recipe.seed,
                    only=None if network in (TRAINED, UNTRAINED) else "classes",
                    embeddings=embeddings,
                    maxima=has_maxima(scan.folder),
                )
            )
    return pieces


def _embedders(session: Session) -> dict[str, Embedder]:
    """The user's embedding by its name; none if the settings name no function."""
    if not session.recipe.measure.embedding:
        return {}
    from tasks.embedders import imported_embedder

    return {PLUGIN: imported_embedder(session.recipe.measure.embedding, session.recipe.geometry.size)}


def _embeddings(session: Session, embedders: Mapping[str, Embedder]) -> tuple[tuple[str, str], ...]:
    """The file of each embedding of all images that were scanned."""
    if not embedders:
        return ()
    from tasks.embedding_files import embedding_file, scanned_rows

    recipe = session.recipe
    scans = [scan for view in recipe.views for scan in session.stages.measured_scans(view).values()]
    rows = scanned_rows([scan.folder for scan in scans])
    folder = session.run / PARTS / "embeddings"
    return tuple(
        embedding_file(embedder, name, recipe, rows, session.executor, folder) for name, embedder in embedders.items()
    )


def _group(session: Session, pieces: list[NetworkNines]) -> None:
    """Measure the nines of all networks; those that an earlier start finished are skipped."""
    unfinished = [piece for piece in pieces if read_part(piece, GROUPS) is None]
    with Progress("measure grouping", len(pieces), "networks") as progress:
        progress.already(len(pieces) - len(unfinished))
        if unfinished:
            for networks in session.executor.run(group_nines, [(piece,) for piece in unfinished]):
                progress.advance(networks)


def _activity(scan: Stage) -> dict[str, LayerActivity]:
    """Where the channels of a network fire, by layer; nothing if an earlier version scanned."""
    from lp_core.exemplars.ring_activity import read_ring_activity

    return read_ring_activity(scan.folder) if scan.folder.exists(files.RINGS) else {}


def _twins(session: Session) -> pa.Table | None:
    """The table of channels that the networks of both views share; None if it cannot be made."""
    if len(session.recipe.views) < len(VIEW_NAMES):
        return None
    ordinary, other = (TwinNetwork(view, session.stages.scan(view).folder.uri) for view in VIEW_NAMES)
    return twins_of(ordinary, other, session.recipe, session.executor)


def _lesion(session: Session) -> pa.Table | None:
    """Top-1 of the log-polar network with blanked cells; None without that view, or if it is not wanted."""
    if not session.recipe.measure.lesion or "log_polar" not in session.recipe.views:
        return None
    rows = rows_of(session.recipe, VALIDATION)
    return lesion(
        session.trained("log_polar"), rows, session.executor, (session.run / LESION_PARTS).uri, seed=session.recipe.seed
    )


def _evolution(session: Session) -> dict[ViewName, tuple[pa.Table, pa.Table]]:
    """The tables of layers and of their births by view; none if they were not asked for."""
    if not session.recipe.measure.evolution:
        return {}
    folders = {view: session.stages.evolution(view).folder for view in session.recipe.views}
    names = (files.EVOLUTION_LAYERS, files.LAYER_BIRTHS)
    return {view: tuple(folder.read_table(name) for name in names) for view, folder in folders.items()}


def _accuracy(session: Session) -> dict[str, dict[str, float]]:
    """Validation top-1 in percent by view and network, where several epochs were scanned."""
    from lp_core.findings.matched import epoch_accuracy

    accuracy: dict[str, dict[str, float]] = {}
    for view in session.recipe.views:
        epochs = {
            name: epoch
            for name, (epoch, _) in session.stages.networks(view).items()
            if name not in (SCRAMBLED, FIXATIONS, ROTATED, UNTRAINED)
        }
        if len(epochs) > 1 and (session.run / view).exists(files.METRICS):
            lines = map(json.loads, (session.run / view).read_bytes(files.METRICS).splitlines())
            accuracy[view] = epoch_accuracy(lines, epochs)
    return accuracy


def _images_by_class(session: Session) -> np.ndarray:
    """Images of each class among those that were scanned, int64 [L]."""
    rows = rows_of(session.recipe, VALIDATION)
    return np.bincount(session.dataset.rows(VALIDATION).label[rows], minlength=len(session.dataset.class_names))
