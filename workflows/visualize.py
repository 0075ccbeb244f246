"""`logpolar visualize`: the features of every channel asked for, as panels and as sheets of the report's gallery."""

from __future__ import annotations

import pyarrow as pa

from lp_core.errors import DataError, check
from lp_core.network.layers import architecture_of
from lp_core.report.channel_choice import chosen_channels
from lp_core.run.files import ATLAS, FEATURES, PANELS, RANDOM_WEIGHTS
from lp_core.run.stage import Stage, stage_run
from lp_core.settings import Recipe, ViewName
from tasks.pieces import InProcess
from tasks.progress import Progress, say
from tasks.visualizing import AtlasSheet, draw_sheet, read_table
from workflows.session import Session
from workflows.strips import check_strips, draw_evolution


def visualize(session: Session) -> None:
    """Draw the features of the same channels in every view; sheets that an earlier start finished are skipped.

    Raises:
        LogpolarError: a view is not scanned with the present settings, a layer or channel does not exist, or a recorded
            activation was not found again.
    """
    stages = {view: session.stages.visualize(view) for view in session.recipe.views}
    for stage in stages.values():
        session.stages.require(*stage.before)
    chosen_channels(session.recipe)  # refuses before anything is written
    if session.recipe.visualize.evolution:
        check_strips(session)
    session.write_config()
    for view, stage in stages.items():
        if _is_finished(stage):
            say(f"visualize {view}: finished before")
        else:
            _draw_view(session, view, stage)
    if session.recipe.visualize.evolution:
        draw_evolution(session)


def _is_finished(stage: Stage) -> bool:
    return stage.is_finished() and stage.fact("columns") == _columns()  # earlier versions measured less


def _columns() -> list[str]:
    from lp_core.report.atlas import SCHEMA

    return SCHEMA.names


def _draw_view(session: Session, view: ViewName, stage: Stage) -> None:
    recipe, folder = session.recipe, stage.folder
    untrained = stage.inputs.get("untrained")
    check(
        bool(untrained) or not recipe.visualize.random_weights,
        f"visualize.random-weights is true, but {session.run} holds no random first weights of view {view}; leave it "
        "out, or train again",
    )
    sheets = atlas_sheets(recipe, stage.inputs["exemplars"], untrained)
    trained = session.trained(view)
    unfinished = [sheet for sheet in sheets if read_table(folder, sheet) is None]
    # Connect before anything is removed: nothing is lost where no cluster answers.
    executor = session.executor if unfinished else InProcess()
    with stage_run(stage) as watch:
        _remove_others(stage, sheets)
        channels = sum(len(sheet.channels) for sheet in sheets)
        complaints: list[str] = []
        with Progress(f"visualize {view}", channels, "channels") as progress:
            progress.already(channels - sum(len(sheet.channels) for sheet in unfinished))
            pieces = [(trained, sheet) for sheet in unfinished]
            for drawn, not_found in executor.run(draw_sheet, pieces, recipe.scan.gpus_per_task):
                complaints += not_found
                progress.advance(drawn)
        check(
            not complaints,
            f"{len(complaints)} activations were not found again, such as {(complaints or [''])[0]}",
            DataError,
        )
        _join(stage, sheets)
    panels = sum(len(sheet.panels) for sheet in sheets)
    stage.finish(watch.seconds, channels=channels, panels=panels, columns=_columns())
    for sheet in sheets:
        folder.remove(sheet.table)


def _remove_others(stage: Stage, sheets: list[AtlasSheet]) -> None:
    """Remove pictures that other settings drew: the report shows those of its own settings."""
    panels = {sheet.panel(channel) for sheet in sheets for channel in sheet.panels}
    random = {sheet.random_weights(channel) for sheet in sheets if sheet.untrained for channel in sheet.panels}
    kept = panels | random | {sheet.image for sheet in sheets} | {sheet.table for sheet in sheets}
    for file in [file for name in (PANELS, ATLAS, RANDOM_WEIGHTS) for file in stage.folder.files(name)]:
        if file not in kept:
            stage.folder.remove(file)


def _join(stage: Stage, sheets: list[AtlasSheet]) -> None:
    """Write features.parquet from the tables of the sheets."""
    from lp_core.report.atlas import SCHEMA

    tables = [SCHEMA.empty_table()]
    for sheet in sheets:
        table = read_table(stage.folder, sheet)
        if table is None:
            raise DataError(f"{stage.folder.path(sheet.table)} cannot be read; visualize again")
        tables.append(table)
    stage.folder.write_table(FEATURES, pa.concat_tables(tables).combine_chunks(), compression="zstd")


def atlas_sheets(recipe: Recipe, exemplars: str, untrained: str | None = None) -> list[AtlasSheet]:
    """What there is to draw, in the order of layers and channels.

    Args:
        recipe: settings of the run.
        exemplars: SHA-256 of the view's exemplars.parquet.
        untrained: SHA-256 of the first weights; None to draw nothing with them.

    Raises:
        LogpolarError: a layer or channel does not exist.
    """
    from lp_core.report.atlas import CHANNELS

    settings, panels = recipe.visualize, chosen_channels(recipe)
    every = {layer: list(range(count)) for layer, count in architecture_of(recipe.network).channels.items()}
    sheets = []
    for layer, channels in (every if settings.gallery == "all" else panels).items():
        for start in range(0, len(channels), CHANNELS):
            part = tuple(channels[start : start + CHANNELS])
            with_panel = tuple(channel for channel in part if channel in panels.get(layer, []))
            sheets.append(AtlasSheet(exemplars, layer, part, with_panel, settings.rule, settings.format, untrained))
    return sheets
