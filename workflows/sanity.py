"""The stage `sanity`: whether pictures depend on the weights, and show what drives a channel. `measure` asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lp_core.errors import DataError
from lp_core.measures.sanity_channels import asked_layers, sanity_channels
from lp_core.run.files import PICTURES, SANITY, SANITY_PICTURES
from lp_core.run.stage import stage_run
from lp_core.settings import ViewName
from tasks.pieces import InProcess
from tasks.progress import Progress, say
from tasks.sanity import SanityPiece, read_piece, sanity_of_channel
from workflows.session import Session

if TYPE_CHECKING:
    from lp_core.findings.run_tables import RunTables


def sanity(session: Session, view: ViewName) -> None:
    """Test the pictures of a view's channels; those that an earlier start finished are skipped.

    Raises:
        LogpolarError: the view is not scanned with the present settings, a layer does not exist, or a recorded
            activation was not found again.
    """
    from lp_core.exemplars.table import read_exemplars

    stage, recipe = session.stages.sanity(view), session.recipe
    session.stages.require(*stage.before)
    if stage.is_finished() and not stage.changed_files():
        say(f"sanity {view}: finished before")
        return
    exemplars = read_exemplars(stage.folder)
    alive = exemplars.filter(pc.and_(pc.equal(exemplars["rank"], 0), pc.is_valid(exemplars["row"])))
    chosen = sanity_channels(recipe, alive.select(["layer", "channel"]).to_pylist())
    pieces = [
        SanityPiece(stage.fingerprint, stage.inputs["exemplars"], layer, channel, channel == channels[0])
        for layer, channels in chosen.items()
        for channel in channels
    ]
    if not pieces:
        raise DataError(f"{stage.folder}: no image excites any channel of {', '.join(asked_layers(recipe))}")
    trained = session.trained(view)
    unfinished = [piece for piece in pieces if read_piece(trained, piece) is None]
    executor = session.executor if unfinished else InProcess()
    with stage_run(stage) as watch:
        kept = {name for piece in pieces for name in (piece.table, piece.picture)}
        for file in stage.folder.files(SANITY_PICTURES):
            if file not in kept:
                stage.folder.remove(file)
        with Progress(f"sanity {view}", len(pieces), "channels") as progress:
            progress.already(len(pieces) - len(unfinished))
            tasks = [(trained, piece) for piece in unfinished]
            for channels in executor.run(sanity_of_channel, tasks, recipe.scan.gpus_per_task):
                progress.advance(channels)
        tables = [read_piece(trained, piece) for piece in pieces]
        whole = [table for table in tables if table is not None]
        if len(whole) < len(pieces):
            raise DataError(
                f"{stage.folder}: {len(pieces) - len(whole)} of {len(pieces)} tables vanished; measure again"
            )
        written = stage.folder.write_table(SANITY, pa.concat_tables(whole).combine_chunks(), compression="zstd")
    pictures = {piece.picture: stage.folder.checksum(piece.picture) for piece in pieces if piece.drawn}
    stage.finish(watch.seconds, files={SANITY: written} | pictures, channels=len(pieces))
    for piece in pieces:
        stage.folder.remove(piece.table)


def with_pictures(session: Session, made: RunTables) -> RunTables:
    """Return the tables of a run, and what was found about the pictures of all views."""
    from lp_core.findings.pictures import picture_table, picture_values

    tested = [(view, session.stages.sanity(view)) for view in session.recipe.views]
    table = pa.concat_tables([picture_table(view, stage.folder.read_table(SANITY)) for view, stage in tested])
    return made.with_table(PICTURES, table, picture_values(table))
