"""The stage `retention`: what channels keep of their activation while their images are turned and scaled.

`measure` asks for it together with `tolerance`.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lp_core.errors import DataError
from lp_core.exemplars.arrays_file import read_arrays
from lp_core.run import files
from lp_core.run.stage import stage_run
from lp_core.settings import ViewName
from tasks.kept_pieces import PieceFiles
from tasks.measuring import read_nines
from tasks.progress import say
from tasks.retention import kept_peaks
from workflows.session import Session

if TYPE_CHECKING:
    from lp_core.findings.values import Values

PARTS = "retention_parts"
"""Folder of finished pieces, beside the result; removed with it."""


def retention_view(session: Session, view: ViewName) -> None:
    """Find the peaks of a view's exemplars under all looks; pieces that an earlier start finished are skipped.

    Raises:
        LogpolarError: the view is not scanned with the present settings.
    """
    stage = session.stages.retention(view)
    session.stages.require(*stage.before)
    if stage.is_finished() and not stage.changed_files():
        say(f"retention {view}: finished before")
        return
    parts = PieceFiles((stage.folder / PARTS).uri, stage.fingerprint)
    with stage_run(stage) as watch:
        peaks = kept_peaks(session.trained(view), read_nines(stage.folder).image_CK, session.executor, parts)
        data = io.BytesIO()
        np.savez_compressed(data, **peaks)  # type: ignore[arg-type]  # NumPy's stubs take the arrays for its option
        stage.folder.write_bytes(files.RETENTION, data.getvalue())
        written = {files.RETENTION: stage.folder.checksum(files.RETENTION)}
    stage.finish(watch.seconds, files=written, items=len(peaks["item_M2"]))
    parts.remove()


def retention_table(session: Session) -> tuple[pa.Table, Values]:
    """What the channels of all views keep, layer by layer, and numbers by name.

    Raises:
        DataError: the peaks of a view are damaged.
    """
    from lp_core.findings.retention import retention_curves

    tables, values = [], dict[tuple[str, str, str], float]()
    for view in session.recipe.views:
        stage = session.stages.retention(view)
        for complaint in stage.changed_files():
            raise DataError(f"{stage.folder}: {complaint}; remove the file, and measure again")
        peaks, nines = read_arrays(stage.folder.read_bytes(files.RETENTION)), read_nines(stage.folder)
        table, mine = retention_curves(view, nines.layer_C, list(nines.layers), peaks["item_M2"], peaks["value_ML"])
        tables.append(table)
        values |= mine
    return pa.concat_tables(tables), values
