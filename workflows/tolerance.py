"""The stage `tolerance`: what a network answers while photographs are turned, scaled, shifted and masked.

`measure` asks for it, and for the tables of curves and numbers that follow from it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from lp_core.errors import DataError
from lp_core.exemplars.arrays_file import read_arrays
from lp_core.findings.values import ALL_LAYERS, Absence, Values
from lp_core.measures.tolerance import CROSSINGS
from lp_core.run import files
from lp_core.run.stage import Stage, stage_run
from lp_core.settings import ViewName
from tasks.progress import say
from tasks.tolerance import tolerance, tolerance_files
from workflows.session import Session

if TYPE_CHECKING:
    import pyarrow as pa

    from tasks.kept_pieces import Arrays

_CHANCE = "in the middle of the curve the network is no better than chance, or than always naming one class"
_WITHOUT = {
    "rotation.area": _CHANCE,
    "rotation.worst_angle": _CHANCE,
    "scale.area": _CHANCE,
    **dict.fromkeys(
        CROSSINGS, "a scotoma is worth more than a window even at the largest radius, or the network names one class"
    ),
}
"""Reasons by the number that has no value."""
PARTS = "tolerance_parts"
"""Folder of finished pieces, beside the result; removed with it."""


def tolerance_view(session: Session, view: ViewName) -> None:
    """Ask a view's network under all conditions; pieces that an earlier start finished are skipped.

    Raises:
        LogpolarError: the view is not trained with the present settings.
    """
    stage = session.stages.tolerance(view)
    session.stages.require(*stage.before)
    if stage.is_finished() and not stage.changed_files():
        say(f"tolerance {view}: finished before")
        return
    trained, parts = session.trained(view), (stage.folder / PARTS).uri
    with stage_run(stage) as watch:
        answers = tolerance(trained, session.executor, parts)
        data = io.BytesIO()
        np.savez_compressed(data, **answers)  # type: ignore[arg-type]  # NumPy's stubs take the arrays for its option
        stage.folder.write_bytes(files.TOLERANCE, data.getvalue())
        written = {files.TOLERANCE: stage.folder.checksum(files.TOLERANCE)}
    stage.finish(watch.seconds, files=written, images=len(answers["row_N"]))
    tolerance_files(trained, parts).remove()


def tolerance_tables(session: Session) -> tuple[pa.Table, pa.Table, Values]:
    """The curves of all views, their numbers with intervals, and these numbers by name.

    Raises:
        DataError: the answers of a view are damaged, or the views answered to different images.
    """
    from lp_core.findings.tolerance import tolerance_curves
    from lp_core.measures.input_cells import share_of_cells

    answers = {view: _answers(session.stages.tolerance(view)) for view in session.recipe.views}
    classes = len(session.dataset.class_names)
    curves, summary, values = tolerance_curves(answers, classes, session.recipe.geometry.size, session.recipe.seed)
    for view in session.recipe.views:
        for name in CROSSINGS:
            crossing = values.get((view, ALL_LAYERS, f"tolerance.{name}"))
            if crossing is not None:
                share = share_of_cells(view, session.recipe.geometry, crossing)
                values[view, ALL_LAYERS, f"tolerance.{name.replace('_px', '_cells')}"] = share
    return curves, summary, values


def tolerance_images(session: Session) -> int | None:
    """How many images the tolerance tests looked at; None where none was asked for."""
    if not session.recipe.measure.tolerance:
        return None
    return min(session.stages.tolerance(view).fact("images") for view in session.recipe.views)


def tolerance_absences(session: Session, values: Values) -> list[Absence]:
    """Why numbers that claims rest on have no value; nothing where no tolerance was asked for."""
    if not session.recipe.measure.tolerance:
        return []
    return [
        Absence(view, f"tolerance.{name}", reason)
        for view in session.recipe.views
        for name, reason in _WITHOUT.items()
        if (view, ALL_LAYERS, f"tolerance.{name}") not in values
    ]


def _answers(stage: Stage) -> Arrays:
    for complaint in stage.changed_files():
        raise DataError(f"{stage.folder}: {complaint}; remove the file, and measure again")
    return read_arrays(stage.folder.read_bytes(files.TOLERANCE))
