"""`logpolar run` and `logpolar demo`: all stages, in order; what is finished is left as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lp_core.config import SettingError
from tasks.progress import say
from workflows.evaluate import evaluate
from workflows.report import report
from workflows.scan import scan
from workflows.session import Session
from workflows.train import train
from workflows.visualize import visualize


def run(session: Session) -> None:
    """From a data set folder to a report."""
    train(session)
    evaluate(session)
    scan(session)
    visualize(session)
    report(session)


def demo(session: Session) -> None:
    """Make the built-in data set in the run folder, then run everything on it."""
    data = session.run / "dataset"
    if session.recipe.data.path in ("", data.uri):
        session.recipe = replace(session.recipe, data=replace(session.recipe.data, path=data.uri))
        _make_toy(session)
    run(session)


def _make_toy(session: Session) -> None:
    from lp_core.dataset.layouts import find
    from lp_core.dataset.manifest import write_dataset_folder
    from lp_core.dataset.toy import write_toy

    data = session.run / "dataset"
    if data.exists("manifest.json"):
        return
    if not data.is_local:
        raise SettingError("demo makes its data set on a local disk; give --data.path to use one elsewhere")
    say(f"drawing the built-in data set in {data}")
    try:
        write_toy(Path(data.uri))
    except OSError as error:
        raise SettingError(f"{data}: cannot be written ({error})") from None
    write_dataset_folder(data, find(data))
