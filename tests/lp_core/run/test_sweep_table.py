"""The table has a row for every run, whatever became of it, and columns that do not depend on that."""

import pyarrow as pa
import pytest

from lp_core.errors import DataError
from lp_core.run.sweep_plan import SweepPlan
from lp_core.run.sweep_table import Outcome, measures_of, read_sweep_rows, sweep_table
from lp_core.settings import Recipe
from lp_core.storage import Storage

CELLS = SweepPlan(Recipe(name="any"), (0, 1), {"view.law": ("monopole", "opencv")}).cells()


def test_every_run_has_a_row_in_the_plans_order():
    measures = {"top1_cartesian": 90.5, "top5_cartesian": 99.0, "loss_cartesian": 0.3}
    outcomes = {cell.run: Outcome() for cell in CELLS}
    outcomes[CELLS[1].run] = Outcome("failed", "the loss is nan", 3.5)
    outcomes[CELLS[2].run] = Outcome("finished", None, 9.0, measures)
    table = sweep_table(CELLS, outcomes, ("cartesian",))
    assert table.column_names == [
        *("run", "variant", "view.law", "seed", "control", "state", "error", "seconds"),
        *("top1_cartesian", "top5_cartesian", "loss_cartesian"),
    ]
    rows = table.to_pylist()
    assert [row["run"] for row in rows] == [cell.run for cell in CELLS]
    assert [row["state"] for row in rows] == ["waiting", "failed", "finished", "waiting"]
    assert rows[1] | {"error": "the loss is nan", "seconds": 3.5, "top1_cartesian": None} == rows[1]
    assert rows[2] | measures | {"view.law": "monopole", "seed": 1, "control": "none", "error": None} == rows[2]


def test_types_do_not_depend_on_what_is_known():
    nothing = sweep_table(CELLS, {cell.run: Outcome() for cell in CELLS}, ("cartesian", "log_polar"))
    known = {f"{name}_{view}": 1.0 for name in ("top1", "top5", "loss") for view in ("cartesian", "log_polar")}
    everything = {cell.run: Outcome("finished", None, 1.0, known) for cell in CELLS}
    assert nothing.schema == sweep_table(CELLS, everything, ("cartesian", "log_polar")).schema
    assert nothing.schema.field("seed").type == pa.int64()
    assert nothing.column("top1_log_polar").null_count == len(CELLS)


def test_measures_come_from_the_evaluations(tmp_path):
    run = Storage.at(tmp_path)
    (run / "log_polar").write_json("evaluation.json", {"images": 9, "top1": 50.0, "top5": 70.0, "loss": 1.5})
    assert measures_of(run, ("log_polar",)) == {"top1_log_polar": 50.0, "top5_log_polar": 70.0, "loss_log_polar": 1.5}


def test_a_finished_run_that_is_gone_is_missing(tmp_path):
    folder = Storage.at(tmp_path)
    outcomes = {cell.run: Outcome("finished") for cell in CELLS}
    folder.write_table("sweep.parquet", sweep_table(CELLS, outcomes, ("cartesian",)))
    (folder / CELLS[1].run).write_json("config.json", {})
    assert [row["state"] for row in read_sweep_rows(folder)] == ["missing", "finished", "missing", "missing"]


@pytest.mark.parametrize("content", [None, b"", b"PAR1 and no more"])
def test_a_damaged_table_is_refused_by_name(tmp_path, content):
    if content is not None:
        (tmp_path / "sweep.parquet").write_bytes(content)
    with pytest.raises(DataError, match=r"sweep\.parquet (is missing|cannot be read).*run the sweep again"):
        read_sweep_rows(Storage.at(tmp_path))
