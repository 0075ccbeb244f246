"""`logpolar measure`: the paper's sentences as numbers, each with what chance would give, and a verdict."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from lp_core.errors import DataError
from lp_core.findings.values import ALL_LAYERS, SCRAMBLED, TRAINED, UNTRAINED, Absence
from lp_core.findings.verdict_rows import RunSize, finding_line, findings, findings_document
from lp_core.measures.rules import committed_rules, read_rules
from lp_core.network.layers import architecture_of
from lp_core.run import files
from lp_core.run.stage import Stage, stage_run
from lp_core.settings import VIEW_NAMES
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
    known_wnids,
    read_nines,
    read_part,
)
from tasks.progress import Progress, say
from tasks.twins import NO_MAXIMA, TwinNetwork, has_maxima, twins_of
from workflows.scan import scan_control
from workflows.session import Session
from workflows.stages import VALIDATION

if TYPE_CHECKING:
    import pyarrow as pa

    from lp_core.exemplars.ring_activity import LayerActivity

WITHOUT_UNTRAINED = (
    *(f"grouping.{name}.lambda" for name in ("G", "G_inside", "G_without_duplicates", "W", "W_unlike", "E")),
    "firing.foveal_index.against_untrained",
    "firing.angle",
)
"""Measures that compare with the untrained network."""
EQUAL_CELLS = "lesion.fovea_less_equal_cells"
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
    session.write_config()
    for view in session.recipe.views:
        for epoch, control in graph.networks(view).values():
            if (epoch, control) != (None, "none"):  # that of the finished weights is no control
                scan_control(session, view, epoch, control)
    stage = session.stages.measure()
    if stage.is_finished() and not stage.changed_files():
        say("measure: finished before")
    else:
        _measure_run(session, stage)
    return stage


def _measure_run(session: Session, stage: Stage) -> None:
    """Write the tables of `measures/` and findings.json."""
    from lp_core.findings.grouping import independent_concordance
    from lp_core.findings.run_tables import MeasuredChannels, MeasuredNetwork, run_tables

    run, rules = session.run, read_rules(committed_rules())
    for view in session.recipe.views:
        for scan in session.stages.measured_scans(view).values():
            _check_files(scan)
    with stage_run(stage) as watch:
        run.remove(files.FINDINGS)  # a report must not show those of other settings
        pieces = _pieces(session)
        _group(session, pieces)
        groupings = {(piece.view, piece.network): finished_part(piece, GROUPS) for piece in pieces}
        networks = [
            MeasuredNetwork(view, network, groupings.get((view, network)), _activity(scan))
            for view in session.recipe.views
            for network, scan in session.stages.measured_scans(view).items()
        ]
        trained = {piece.view: piece for piece in pieces if piece.network == TRAINED}
        channels = {
            view: MeasuredChannels(read_nines(Storage(piece.scan)), finished_part(piece, CHANNELS))
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
        )
        written = {name: run.write_table(name, table) for name, table in made.tables.items()}
        for name in run.files(files.MEASURES):  # which other views or settings left
            if name not in written and not name.startswith(PARTS):
                run.remove(name)
        absences = _absences(session)
        if files.LESION in made.tables and ("log_polar", ALL_LAYERS, EQUAL_CELLS) not in made.values:
            absences.append(Absence("log_polar", EQUAL_CELLS, "the fovea has too many of the rings"))
        images = min(session.stages.scan(view).fact("images") or images_L.sum() for view in session.recipe.views)
        classes = int((images_L > 0).sum())
        size = RunSize(session.recipe.geometry.size, classes, int(images), made.complete_channels())
        run.write_json(files.FINDINGS, findings_document(findings([made.values], [size], rules, absences), rules))
    for absence in absences:
        say(f"measure {absence.view}: {absence.measure or 'all'} left out: {absence.reason}")
    facts = {"files": written, "input_px": size.input_px, "classes": size.classes, "images": size.images}
    stage.finish(watch.seconds, **facts, absences=[asdict(absence) for absence in absences])
    (run / PARTS).remove_folder()


def _check_files(scan: Stage) -> None:
    """Refuse the tables of a scan that are not what it wrote.

    Raises:
        DataError: the message names the first such file.
    """
    for complaint in scan.changed_files():
        raise DataError(f"{scan.folder}: {complaint}; remove the file, and scan again")


def _pieces(session: Session) -> list[NetworkNines]:
    """A piece for every network whose nines are measured; epochs between first and last measure G alone."""
    recipe, pieces, embeddings = session.recipe, [], _embeddings(session)
    for view in recipe.views:
        scans = session.stages.measured_scans(view)
        hashes = scans[TRAINED].folder
        for network, scan in scans.items():
            if network == SCRAMBLED:
                continue  # nines of scrambled photographs show nothing that a class could name
            pieces.append(
                NetworkNines(
                    run=session.run.uri,
                    view=view,
                    network=network,
                    scan=scan.folder.uri,
                    scanned=scan.fingerprint,
                    dataset=recipe.data.path,
                    hashes=hashes.uri if has_hashes(hashes) else None,
                    samples=recipe.measure.samples,
                    seed=recipe.seed,
                    only=None if network in (TRAINED, UNTRAINED) else "classes",
                    embeddings=embeddings,
                )
            )
    return pieces


def _embeddings(session: Session) -> tuple[tuple[str, str], ...]:
    """The file of the user's embedding of all images that were scanned; none if the settings name no function."""
    recipe = session.recipe
    if not recipe.measure.embedding:
        return ()
    from tasks.embedders import imported_embedder
    from tasks.embedding_files import embedding_file, scanned_rows

    embedder = imported_embedder(recipe.measure.embedding, recipe.geometry.size)
    scans = [scan for view in recipe.views for scan in session.stages.measured_scans(view).values()]
    rows = scanned_rows([scan.folder for scan in scans])
    return (embedding_file(embedder, PLUGIN, recipe, rows, session.executor, session.run / PARTS / "embeddings"),)


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


def _accuracy(session: Session) -> dict[str, dict[str, float]]:
    """Validation top-1 in percent by view and network, where several epochs were scanned."""
    from lp_core.findings.matched import epoch_accuracy

    accuracy: dict[str, dict[str, float]] = {}
    for view in session.recipe.views:
        epochs = {
            name: epoch
            for name, (epoch, _) in session.stages.networks(view).items()
            if name not in (SCRAMBLED, UNTRAINED)
        }
        if len(epochs) > 1 and (session.run / view).exists(files.METRICS):
            lines = map(json.loads, (session.run / view).read_bytes(files.METRICS).splitlines())
            accuracy[view] = epoch_accuracy(lines, epochs)
    return accuracy


def _absences(session: Session) -> list[Absence]:
    """Measures that could not be made, and why."""
    absences = [
        Absence(view, "", f"the run has no {view} view") for view in VIEW_NAMES if view not in session.recipe.views
    ]
    for view in session.recipe.views:
        scans = session.stages.measured_scans(view)
        if UNTRAINED not in scans:
            imported = session.stages.source(view).name == "weights"
            reason = "its weights were imported" if imported else "its training kept no first weights; train again"
            reason = f"there is no untrained network: {reason}"
            absences += [Absence(view, name, reason) for name in WITHOUT_UNTRAINED]
        if known_wnids(session.recipe.data.path) is None:
            absences.append(Absence(view, "grouping.W", "the classes have no wnids of ImageNet"))
        if view == "log_polar" and not session.recipe.measure.lesion:
            absences.append(Absence(view, "lesion", "--measure.no-lesion left it out"))
        for name, network in (("", TRAINED), (".against_scrambled", SCRAMBLED), (".against_untrained", UNTRAINED)):
            if network in scans and not scans[network].folder.exists(files.RINGS):
                reason = f"an earlier version scanned the {network} network; scan again"
                absences.append(Absence(view, f"firing.foveal_index{name}", reason))
        if not session.recipe.measure.embedding:
            reason = "it needs networks of another seed: measure a sweep; or give --measure.embedding"
            absences.append(Absence(view, "grouping.E", reason))
        if not has_maxima(scans[TRAINED].folder):
            absences.append(Absence(view, "twins", NO_MAXIMA))
        if not has_hashes(scans[TRAINED].folder):
            absences.append(
                Absence(view, "grouping.G_without_duplicates", "the scan wrote no hashes of the photographs")
            )
        if not any(network.startswith("epoch") for network in scans):
            absences.append(
                Absence(
                    view,
                    "grouping.G.lambda.accuracy_matched",
                    "one checkpoint was scanned; --scan.checkpoints all scans more",
                )
            )
    return absences


def _images_by_class(session: Session) -> np.ndarray:
    """Images of each class among those that were scanned, int64 [L]."""
    rows = rows_of(session.recipe, VALIDATION)
    return np.bincount(session.dataset.rows(VALIDATION).label[rows], minlength=len(session.dataset.class_names))
