"""`logpolar visualize --evolution`: the best exemplar of every channel with a panel at each epoch."""

from __future__ import annotations

from lp_core.errors import DataError, check
from lp_core.report.channel_choice import chosen_channels
from lp_core.report.evolution_strip import MOST_EPOCHS
from lp_core.run.files import STRIP_TABLE, STRIPS
from lp_core.run.stage import Stage, stage_run
from lp_core.settings import ViewName
from lp_core.storage import Storage
from tasks.measuring import read_nines
from tasks.pieces import InProcess
from tasks.progress import Progress, say
from tasks.strips import ScannedEpoch, StripPiece, draw_strips, read_strip_table
from workflows.evolution import scan_epochs
from workflows.session import Session

CHANNELS = 4
"""Most channels of a piece: with ten epochs as many pictures as four or five channels of the atlas. Our choice."""


def draw_evolution(session: Session) -> None:
    """Draw the strips of every view; pieces that an earlier start finished are skipped.

    Epochs that were not scanned yet are scanned first.

    Raises:
        LogpolarError: a view was not trained here, its training kept too few weights, or a recorded activation was not
            found again.
    """
    check_strips(session)
    for view in session.recipe.views:
        scan_epochs(session, view)
        stage = session.stages.strips(view)
        if stage.is_finished() and stage.folder.exists(STRIP_TABLE):
            say(f"strips {view}: finished before")
        else:
            _draw_view(session, view, stage)


def check_strips(session: Session) -> None:
    """Refuse views whose strips cannot be drawn, before anything is scanned or kept."""
    for view in session.recipe.views:
        epochs = len(session.stages.epoch_scans(view))
        check(
            epochs <= MOST_EPOCHS,
            f"visualize.evolution: view {view} has {epochs} epochs, and a strip has room for {MOST_EPOCHS}; choose "
            "some with --scan.checkpoints",
        )


def _draw_view(session: Session, view: ViewName, stage: Stage) -> None:
    from lp_core.findings.evolution import Checkpoint
    from lp_core.findings.strip_table import strip_table

    folder, last = stage.folder, session.recipe.train.epochs
    pieces = [
        StripPiece(layer, tuple(channels[start : start + CHANNELS]), session.recipe.visualize.rule, stage.fingerprint)
        for layer, channels in chosen_channels(session.recipe).items()
        for start in range(0, len(channels), CHANNELS)
    ]
    epochs = tuple(
        ScannedEpoch(
            epoch, session.trained(view, None if epoch == last else epoch), scan.folder.uri, scan.fact("exemplars")
        )
        for epoch, scan in session.stages.epoch_scans(view).items()
    )
    unfinished = [piece for piece in pieces if read_strip_table(folder, piece) is None]
    executor = session.executor if unfinished else InProcess()  # before anything is removed
    with stage_run(stage) as watch:
        kept = {name for piece in pieces for name in (piece.table, *map(piece.image, piece.channels))}
        for name in folder.files(STRIPS):
            if name not in kept:
                folder.remove(name)
        channels, complaints = sum(len(piece.channels) for piece in pieces), []
        with Progress(f"strips {view}", channels, "channels") as progress:
            progress.already(channels - sum(len(piece.channels) for piece in unfinished))
            drawn = [(epochs, piece) for piece in unfinished]
            for count, not_found in executor.run(draw_strips, drawn, session.recipe.scan.gpus_per_task):
                complaints += not_found
                progress.advance(count)
        check(
            not complaints,
            f"{len(complaints)} activations were not found again, such as {(complaints or [''])[0]}",
            DataError,
        )
        tables = [table for piece in pieces if (table := read_strip_table(folder, piece)) is not None]
        check(len(tables) == len(pieces), f"{folder}: strips that were drawn are gone; visualize again", DataError)
        checkpoints = [Checkpoint(scanned.epoch, read_nines(Storage(scanned.folder)), {}) for scanned in epochs]
        rows = [row for table in tables for row in table.to_pylist()]
        folder.write_table(STRIP_TABLE, strip_table(rows, checkpoints))
    stage.finish(watch.seconds, channels=channels, epochs=[scanned.epoch for scanned in epochs])
    for piece in pieces:
        folder.remove(piece.table)
