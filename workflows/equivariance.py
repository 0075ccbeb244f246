"""The stage `equivariance`: how far the maps of each layer are from moving with the input.

`measure` asks for it together with `tolerance`.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lp_core.errors import DataError
from lp_core.exemplars.arrays_file import read_arrays
from lp_core.measures.equivariance import turns
from lp_core.network.layers import architecture_of
from lp_core.run import files
from lp_core.run.stage import stage_run
from lp_core.settings import ViewName
from tasks.equivariance import equivariance, paddings
from tasks.kept_pieces import PieceFiles
from tasks.progress import say
from workflows.session import Session

if TYPE_CHECKING:
    from lp_core.findings.values import Values

PARTS = "equivariance_parts"
"""Folder of finished pieces, beside the result; removed with it."""


def equivariance_view(session: Session, view: ViewName) -> None:
    """Compare the maps of a view's network; pieces that an earlier start finished are skipped.

    Raises:
        LogpolarError: the view is not trained with the present settings.
    """
    stage = session.stages.equivariance(view)
    session.stages.require(*stage.before)
    if stage.is_finished() and not stage.changed_files():
        say(f"equivariance {view}: finished before")
        return
    parts = PieceFiles((stage.folder / PARTS).uri, stage.fingerprint)
    with stage_run(stage) as watch:
        errors = equivariance(session.trained(view), session.executor, parts)
        data = io.BytesIO()
        np.savez_compressed(data, **errors)  # type: ignore[arg-type]  # NumPy's stubs take the arrays for its option
        stage.folder.write_bytes(files.EQUIVARIANCE, data.getvalue())
        written = {files.EQUIVARIANCE: stage.folder.checksum(files.EQUIVARIANCE)}
    stage.finish(watch.seconds, files=written, images=len(errors["row_N"]))
    parts.remove()


def equivariance_tables(session: Session) -> tuple[pa.Table, Values]:
    """The errors of all views, layer by layer, and numbers by name.

    Raises:
        DataError: the errors of a view are damaged.
    """
    from lp_core.findings.equivariance import equivariance_table, equivariance_values

    tables, layers = [], list(architecture_of(session.recipe.network).channels)
    for view in session.recipe.views:
        stage = session.stages.equivariance(view)
        for complaint in stage.changed_files():
            raise DataError(f"{stage.folder}: {complaint}; remove the file, and measure again")
        errors = read_arrays(stage.folder.read_bytes(files.EQUIVARIANCE))
        every = turns(view, session.recipe.geometry.shape(view)[0])
        tables.append(equivariance_table(view, layers, paddings(session.trained(view)), every, errors))
    table = pa.concat_tables(tables)
    return table, equivariance_values(table)
