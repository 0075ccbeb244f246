"""The stage `tolerance` on a run whose weights are given: resumed, skipped, read again, refused where damaged."""

from dataclasses import replace

import numpy as np
import pytest

import workflows.stages
import workflows.tolerance
from lp_core.errors import DataError, LogpolarError
from lp_core.findings.values import ALL_LAYERS, DIFFERENCE
from lp_core.measures.tolerance import CROSSINGS
from lp_core.run.files import TOLERANCE
from lp_core.storage import Storage
from tasks.pieces import InProcess
from tests.tasks.trained_network import random_network
from workflows.session import Session
from workflows.stages import StageGraph
from workflows.tolerance import tolerance_images, tolerance_tables, tolerance_view


class Killed(InProcess):
    """Runs one piece, then dies."""

    def run(self, function, pieces, gpus=0.0):
        yield function(*next(iter(pieces)))
        raise RuntimeError("killed")


@pytest.fixture
def session(small_recipe, tmp_path):
    recipe = replace(
        small_recipe,
        scan=replace(small_recipe.scan, piece_rows=2, batch_size=3),
        measure=replace(small_recipe.measure, tolerance=True, tolerance_images=4),
    )
    run = Storage.at(tmp_path / "run")
    for seed, view in enumerate(recipe.views):
        trained = random_network(recipe, tmp_path / "run", view, seed)
        StageGraph(recipe, run).train(view).finish(1.0, weights=trained.weights)
    return Session(recipe, run, given_executor=InProcess())


def test_a_stage_that_was_killed_is_resumed_then_skipped_and_its_tables_are_complete(session, monkeypatch, capsys):
    folder = session.run / "cartesian"
    with pytest.raises(RuntimeError, match="killed"):
        tolerance_view(Session(session.recipe, session.run, given_executor=Killed()), "cartesian")
    assert len(folder.files("tolerance_parts")) == 1
    tolerance_view(session, "cartesian")
    first = folder.read_bytes(TOLERANCE)
    assert folder.files("tolerance_parts") == []
    folder.remove("stages/tolerance.json")
    whole = replace(session.recipe, scan=replace(session.recipe.scan, piece_rows=16))
    tolerance_view(Session(whole, session.run, given_executor=InProcess()), "cartesian")
    assert folder.read_bytes(TOLERANCE) == first
    monkeypatch.setattr(workflows.tolerance, "tolerance", None)
    tolerance_view(session, "cartesian")
    assert "tolerance cartesian: finished before" in capsys.readouterr().out
    monkeypatch.undo()

    tolerance_view(session, "log_polar")
    assert tolerance_images(session) == 4
    curves, summary, values = tolerance_tables(session)
    assert curves.group_by(["view", "transform"]).aggregate([("top1", "count")]).sort_by("transform")[
        "top1_count"
    ].to_pylist() == [121, 121, 121, 121, 1, 1, 3, 3, 3, 3, 24, 24, 1, 1, 9, 9, *[10] * 8]
    assert set(curves["images"].to_pylist()) == {4}
    top1, low, high = (curves[name].to_numpy() for name in ("top1", "low", "high"))
    assert ((low <= top1) & (top1 <= high)).all()
    assert set(summary["view"].to_pylist()) == {"cartesian", "log_polar", "log_polar - cartesian"}
    identity = next(row for row in curves.to_pylist() if (row["view"], row["transform"]) == ("cartesian", "identity"))
    assert values["cartesian", ALL_LAYERS, "tolerance.top1"] == identity["top1"]
    crossings = [row for row in summary.to_pylist() if row["measure"] in CROSSINGS]
    assert len(crossings) == len(CROSSINGS) * 3
    for row in crossings:
        if row["view"] != DIFFERENCE and row["value"] is not None:
            assert values[row["view"], ALL_LAYERS, f"tolerance.{row['measure']}"] == row["value"]
            cells = f"tolerance.{row['measure'].replace('_px', '_cells')}"
            assert 0 <= values[row["view"], ALL_LAYERS, cells] <= 1
    again = tolerance_tables(session)
    assert curves.equals(again[0])
    assert summary.equals(again[1])

    data = bytearray(folder.read_bytes(TOLERANCE))
    folder.write_bytes(TOLERANCE, bytes(data[:-9]))
    with pytest.raises(DataError, match=r"tolerance\.npz has changed since the tolerance wrote it; remove the file"):
        tolerance_tables(session)


def test_answers_of_an_earlier_version_are_refused_in_a_line_and_made_again(session, monkeypatch, capsys):
    monkeypatch.setattr(workflows.stages, "TOLERANCE_VERSION", 1)
    tolerance_view(session, "cartesian")
    monkeypatch.undo()
    stages = Session(session.recipe, session.run, given_executor=InProcess()).stages
    with pytest.raises(
        LogpolarError, match=r"tolerance of view cartesian was made with version 1, now 2; run `logpolar measure"
    ):
        stages.require(stages.tolerance("cartesian"))
    tolerance_view(session, "cartesian")
    assert "finished before" not in capsys.readouterr().out
    stages.require(stages.tolerance("cartesian"))


def test_views_that_saw_different_images_are_not_compared(session):
    from lp_core.findings.tolerance import tolerance_curves

    given = {"cartesian": {"row_N": np.arange(3)}, "log_polar": {"row_N": np.arange(2)}}
    with pytest.raises(DataError, match=r"different images \(3 in cartesian, 2 in log_polar\)"):
        tolerance_curves(given, 12, 32, 0)


def test_a_view_that_is_not_trained_is_refused(session):
    session.run.remove("cartesian/stages/train.json")
    with pytest.raises(LogpolarError, match="holds no finished training of view cartesian"):
        tolerance_view(session, "cartesian")
