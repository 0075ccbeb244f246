"""`logpolar report`: one static page about a run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lp_core.run.files import REPORT
from lp_core.run.noted_settings import made_with
from lp_core.run.stage import stage_run
from lp_core.settings import VIEW_NAMES, Recipe, to_dict
from tasks.from_recipe import feed_of
from tasks.progress import say
from workflows.config import FILE as CONFIG
from workflows.repeat import commands
from workflows.session import Session
from workflows.stages import VALIDATION

if TYPE_CHECKING:
    from lp_core.report.contents import ReportData


def report(session: Session) -> None:
    """Write `report/index.html`, and the gallery beside it, from the files of the other stages.

    Raises:
        LogpolarError: a stage is not finished, or was made with other settings.
    """
    run = session.run
    stage = session.stages.report()
    session.stages.require(*stage.before, redo="run")
    if stage.is_finished():
        say("report: finished before")
        return
    session.lock()
    from lp_core.report.page import write_report
    from lp_core.report.samples import exemplar_inputs

    with stage_run(stage) as watch:
        data = _read_run(session)
        reports = data.views.values()
        photographs = exemplar_inputs(feed_of(session.recipe, "cartesian"), reports)
        log_polar_images = exemplar_inputs(feed_of(session.recipe, "log_polar"), reports)
        data = replace(data, photographs=photographs.positions, log_polar_images=log_polar_images.positions)
        files = write_report(data) | photographs.files | log_polar_images.files
        for name, content in files.items():
            run.write_bytes(f"{REPORT}/{name}", content)
    stage.finish(watch.seconds, files=len(files))
    say(f"report: {run.path(f'{REPORT}/index.html')}")


def _read_run(session: Session) -> ReportData:
    """What the page shows, with the settings that the run was made with and the command that makes it again."""
    from lp_core.report.run_data import report_data

    recipe, stages = session.recipe, session.stages
    shown = {
        view: (stages.source(view), stages.evaluate(view), stages.scan(view), stages.visualize(view))
        for view in recipe.views
    }
    manifests = {view: {stage.name: stage.manifest() or {} for stage in of_view} for view, of_view in shown.items()}
    feeds = {view: feed_of(recipe, view) for view in VIEW_NAMES}
    made = made_with(recipe, [manifest for of_view in manifests.values() for manifest in of_view.values()])
    return replace(
        report_data(session.run, recipe, session.dataset, feeds, manifests),
        command=_command(session, made),
        recipe=_listed(made),
        versions=session.run.read_json(CONFIG)["versions"],
    )


def _listed(made: Recipe) -> dict[str, Any]:
    """The settings as the page lists them; it shows exemplars of the validation split whatever else was scanned."""
    settings, split = to_dict(made), made.scan.split
    if split != VALIDATION:
        settings["scan"]["split"] = f"{VALIDATION}, {split}"
    if made.scan.control != "none":
        settings["scan"]["control"] = f"none, {made.scan.control}"
    return settings


def _command(session: Session, made: Recipe) -> str:
    """The command that makes the run again."""
    sources = {view: session.stages.source(view) for view in made.views}
    weights = {view: stage.fact("source") for view, stage in sources.items() if stage.name == "weights"}
    begun = {view: session.stages.first_weights(view) for view in made.views}
    first = {view: stage.fact("source") for view, stage in begun.items() if stage}
    drawn = made.name == "demo" and made.data.path == (session.run / "dataset").uri and not weights and not first
    return commands(made, weights, first, built_in_data=drawn)
