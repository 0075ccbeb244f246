"""The table of a sweep: a row for every run, finished or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from lp_core.errors import DataError
from lp_core.run.files import EVALUATION, SWEEP_TABLE
from lp_core.run.sweep_plan import Cell
from lp_core.settings import ViewName
from lp_core.storage import Storage, one_line

State = Literal["finished", "failed", "waiting"]
MEASURES = ("top1", "top5", "loss")


@dataclass(frozen=True)
class Outcome:
    """What became of a run.

    Args:
        state: `waiting` is also said of a run that has begun.
        error: last line about the failure.
        seconds: that the starts of the run took together, those apart that were killed with the sweep.
        measures: `top1_cartesian` and the like, of a finished run.
    """

    state: State = "waiting"
    error: str | None = None
    seconds: float | None = None
    measures: dict[str, float] = field(default_factory=dict)


def measures_of(run: Storage, views: Sequence[ViewName]) -> dict[str, float]:
    """Accuracies (%) and loss of a finished run, from the evaluations of its views."""
    evaluations = {view: (run / view).read_json(EVALUATION) for view in views}
    return {f"{name}_{view}": values[name] for view, values in evaluations.items() for name in MEASURES}


def sweep_table(cells: Sequence[Cell], outcomes: Mapping[str, Outcome], views: Sequence[ViewName]) -> pa.Table:
    """Return one row per run, in the order of the cells.

    Args:
        cells: of the sweep, at least one.
        outcomes: by the runs' folders.
        views: whose measures have columns.
    """
    columns: dict[str, tuple[pa.DataType, list[Any]]] = {
        "run": (pa.string(), [cell.run for cell in cells]),
        "variant": (pa.string(), [cell.variant for cell in cells]),
    }
    for name in cells[0].varied:
        columns[name] = (pa.string(), [cell.varied[name] for cell in cells])
    results = [outcomes[cell.run] for cell in cells]
    columns |= {
        "seed": (pa.int64(), [cell.recipe.seed for cell in cells]),
        "control": (pa.string(), [cell.control for cell in cells]),
        "state": (pa.string(), [result.state for result in results]),
        "error": (pa.string(), [result.error for result in results]),
        "seconds": (pa.float64(), [result.seconds for result in results]),
    }
    for name in [f"{measure}_{view}" for view in views for measure in MEASURES]:
        columns[name] = (pa.float64(), [result.measures.get(name) for result in results])
    return pa.table({name: pa.array(values, kind) for name, (kind, values) in columns.items()})


def read_sweep_rows(folder: Storage) -> list[dict[str, Any]]:
    """Return the rows of a sweep's table; a finished run whose folder is gone has the state `missing`.

    Raises:
        DataError: the table is missing or damaged.
    """
    remedy = "run the sweep again, which skips what is finished"
    try:
        rows = folder.read_table(SWEEP_TABLE).to_pylist()
    except FileNotFoundError:
        raise DataError(f"{folder.path(SWEEP_TABLE)} is missing; {remedy}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{folder.path(SWEEP_TABLE)} cannot be read ({one_line(error)}); {remedy}") from None
    for row in rows:
        if row["state"] == "finished" and not (folder / row["run"]).exists("config.json"):
            row["state"] = "missing"
    return rows
