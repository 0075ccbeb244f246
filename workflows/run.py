"""`logpolar run` and `logpolar demo`: all stages, in order; finished ones are skipped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from lp_core.errors import StorageError
from lp_core.measures.sanity_channels import asked_layers
from lp_core.report.channel_choice import chosen_channels
from lp_core.storage import Storage
from tasks.progress import say
from workflows.evaluate import evaluate
from workflows.evolution import check_history
from workflows.measure import measure
from workflows.report import report
from workflows.scan import check_places, check_split, scan, scan_validation
from workflows.session import Session
from workflows.stages import VALIDATION
from workflows.train import train_views
from workflows.until import Until
from workflows.visualize import visualize


def run(session: Session, until: Until = "report") -> None:
    """From a data set folder to a report; views whose weights `--weights` imported are not trained.

    Args:
        session: of the run.
        until: last stage that is made.

    Raises:
        LogpolarError: a setting does not fit, or a stage refuses the run.
    """
    chosen_channels(session.recipe)  # refuses now rather than after the training
    if session.recipe.measure.sanity:
        asked_layers(session.recipe)  # likewise
    if until != "evaluate":
        check_places(session.recipe)  # likewise
    check_split(session)
    asks_for_history = session.recipe.measure.evolution or session.recipe.visualize.evolution
    if asks_for_history and until not in ("evaluate", "scan"):
        check_history(session, is_planned=True)
    sources = {view: session.stages.source(view).name for view in session.recipe.views}
    train_views(session, [view for view, name in sources.items() if name == "train"])
    stages: dict[Until, Callable[[Session], None]] = {
        "evaluate": evaluate,
        "scan": _scans,
        "visualize": visualize,
        "measure": measure,
        "report": report,
    }
    for name, make in stages.items():
        make(session)
        if name == until:
            return


def _scans(session: Session) -> None:
    """The scan that the settings ask for, and that of the validation split, which the next stages read."""
    scan(session)
    if session.recipe.scan.split != VALIDATION or session.recipe.scan.control != "none":
        scan_validation(session)


def demo(session: Session) -> None:
    """Make the built-in data set in the run folder, then run everything on it."""
    data = session.run / "dataset"
    session.lock()
    if session.recipe.data.path in ("", data.uri):
        session.recipe = replace(session.recipe, data=replace(session.recipe.data, path=data.uri))
        make_toy(data)
    run(session)


def make_toy(data: Storage) -> None:
    """Draw the built-in data set into a folder that does not hold it yet."""
    from lp_core.indexing.layouts import find
    from lp_core.indexing.manifest import write_dataset_folder
    from lp_core.toy.data_set import write_toy

    if data.exists("manifest.json"):
        return
    say(f"drawing the built-in data set in {data}")
    with TemporaryDirectory() as scratch:
        made = data if data.is_local else Storage.at(scratch)
        try:
            write_toy(Path(made.uri))
        except OSError as error:
            raise StorageError(f"{made}: cannot be written ({error})") from None
        write_dataset_folder(made, find(made))
        if made != data:
            for name in sorted(made.files(), key=lambda name: name == "manifest.json"):  # the manifest last
                data.write_bytes(name, made.read_bytes(name))
