"""`logpolar visualize`: the features of every channel asked for, as panels and as sheets of the report's gallery."""

from __future__ import annotations

import difflib
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lp_core.errors import DataError, SettingError, check
from lp_core.network.layers import conv_channels
from lp_core.run.stage import Stage, stage_run
from lp_core.settings import Recipe, ViewName
from tasks.pieces import run_pieces
from tasks.progress import Progress, say
from tasks.visualizing import Piece, draw_piece, read_table
from workflows.session import Session


def visualize(session: Session) -> None:
    """Draw the features of every view; the same channels in each. Pieces that an earlier start finished are kept.

    Raises:
        SettingError: a view is not scanned with the present settings, or a layer or channel does not exist.
        DataError: a recorded activation was not found again.
    """
    stages = {view: session.stages.visualize(view) for view in session.recipe.views}
    for stage in stages.values():
        session.stages.require(*stage.before)
    chosen_channels(session.recipe)  # refused before anything is written
    session.write_config()
    for view, stage in stages.items():
        if stage.is_finished():
            say(f"visualize {view}: finished before")
        else:
            _draw_view(session, view, stage)


def _draw_view(session: Session, view: ViewName, stage: Stage) -> None:
    recipe, folder = session.recipe, stage.folder
    pieces = visualize_pieces(recipe, stage.inputs["exemplars"])
    trained = session.trained(view)
    unfinished = [piece for piece in pieces if read_table(folder, piece) is None]
    # Before anything is removed: a cluster that does not answer should cost nothing.
    cluster = session.cluster if unfinished else None
    with stage_run(stage) as watch:
        _remove_others(stage, pieces)
        channels = sum(len(piece.channels) for piece in pieces)
        complaints: list[str] = []
        with Progress(f"visualize {view}", channels, "channels") as progress:
            progress.already(channels - sum(len(piece.channels) for piece in unfinished))
            if cluster is not None:
                calls = [(trained, piece) for piece in unfinished]
                for drawn, lines in run_pieces(draw_piece, calls, cluster, recipe.scan.gpus_per_task):
                    complaints += lines
                    progress.advance(drawn)
        check(
            not complaints,
            f"{len(complaints)} activations were not found again, such as {(complaints or [''])[0]}",
            DataError,
        )
        _join(stage, pieces)
    stage.finish(watch.seconds, channels=channels, panels=sum(len(piece.panels) for piece in pieces))
    for piece in pieces:
        folder.remove(piece.table)


def _remove_others(stage: Stage, pieces: list[Piece]) -> None:
    """Remove what other settings drew: a report shows what its settings say."""
    panels = {piece.panel(channel) for piece in pieces for channel in piece.panels}
    kept = panels | {piece.sheet for piece in pieces} | {piece.table for piece in pieces}
    for file in stage.folder.files("panels") + stage.folder.files("atlas"):
        if file not in kept:
            stage.folder.remove(file)


def _join(stage: Stage, pieces: list[Piece]) -> None:
    """Write features.parquet from what the pieces wrote."""
    from lp_core.report.atlas import SCHEMA

    tables = [SCHEMA.empty_table()]
    for piece in pieces:
        found = read_table(stage.folder, piece)
        if found is None:
            raise DataError(f"{stage.folder.path(piece.table)} cannot be read; visualize again")
        tables.append(found)
    content = io.BytesIO()
    pq.write_table(pa.concat_tables(tables).combine_chunks(), content, compression="zstd")
    stage.folder.write_bytes("features.parquet", content.getvalue())


def visualize_pieces(recipe: Recipe, exemplars: str) -> list[Piece]:
    """What there is to draw, in the order of layers and channels.

    Raises:
        SettingError: a layer or channel does not exist.
    """
    from lp_core.report.atlas import CHANNELS

    settings, panels = recipe.visualize, chosen_channels(recipe)
    every = {layer: list(range(count)) for layer, count in conv_channels(recipe.network.width).items()}
    pieces = []
    for layer, channels in (every if settings.gallery == "all" else panels).items():
        for start in range(0, len(channels), CHANNELS):
            part = tuple(channels[start : start + CHANNELS])
            with_panel = tuple(channel for channel in part if channel in panels.get(layer, []))
            pieces.append(Piece(exemplars, layer, part, with_panel, settings.rule, settings.format))
    return pieces


def chosen_channels(recipe: Recipe) -> dict[str, list[int]]:
    """Channels that get a panel, ascending, by layer: those asked for, and a few random ones of every other layer.

    Raises:
        SettingError: a layer or channel does not exist.
    """
    settings = recipe.visualize
    channels = conv_channels(recipe.network.width)
    for layer in settings.layers:
        if layer not in (*channels, "all"):
            near = difflib.get_close_matches(layer, (*channels, "all"), 1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are all, {', '.join(channels)}"
            raise SettingError(f"visualize.layers: no layer '{layer}'{hint}")
    chosen = {}
    for index, (layer, count) in enumerate(channels.items()):
        shuffled = np.random.default_rng([recipe.seed, index]).permutation(count).tolist()
        if layer not in settings.layers and "all" not in settings.layers:
            chosen[layer] = sorted(shuffled[: settings.few])
        elif settings.channels == "all":
            chosen[layer] = list(range(count))
        elif settings.channels.startswith("random:"):
            chosen[layer] = sorted(shuffled[: int(settings.channels.removeprefix("random:"))])
        else:
            numbers = sorted({int(part) for part in settings.channels.split(",")})
            check(
                numbers[-1] < count,
                f"visualize.channels: {layer} has channels 0 to {count - 1}, {numbers[-1]} was asked for",
            )
            chosen[layer] = numbers
    return {layer: numbers for layer, numbers in chosen.items() if numbers}
