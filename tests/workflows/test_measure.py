"""`logpolar measure` on a run whose weights are given; the tasks run in this process, one after the other."""

import math
from dataclasses import replace

import pytest

import workflows.measure
from lp_core.errors import LogpolarError
from lp_core.measures.rules import committed_rules, read_rules
from lp_core.setting_names import with_settings
from lp_core.settings import (
    MeasureSettings,
)
from tasks.measuring import group_nines
from tasks.pieces import InProcess
from tests.workflows.measured_run import findings, folder_content, table
from workflows.measure import measure
from workflows.scan import scan
from workflows.session import Session


def test_a_run_is_measured_its_controls_included(session, measured):
    output = measured[2]
    for view in session.recipe.views:
        assert (session.run / view).exists("history/epoch_000/exemplars.parquet")
        assert (session.run / view).exists("exemplars.parquet")
    grouping = table(session, "grouping").to_pylist()
    seen = {(row["view"], row["network"], row["measure"]) for row in grouping}
    assert seen == {
        (view, network, measure)
        for view in session.recipe.views
        for network in ("trained", "untrained")
        for measure in ("G", "G_inside", "G_without_duplicates")
    }
    assert {row["samples"] for row in grouping} == {19}
    assert len(table(session, "channels")) == 2 * 264
    values = {tuple(row.values())[:3]: row["value"] for row in table(session, "values").to_pylist()}
    delta = {
        (row["view"], row["network"]): row["delta"]
        for row in grouping
        if row["measure"] == "G" and row["layer"] == "conv5_2"
    }
    for view in session.recipe.views:
        expected = delta[view, "trained"] - delta[view, "untrained"]
        assert values[view, "conv5_2", "grouping.G.lambda"] == pytest.approx(expected)
    firing = table(session, "firing").to_pylist()
    assert {(row["view"], row["network"]) for row in firing} == {
        (view, network) for view in session.recipe.views for network in ("trained", "untrained", "scrambled")
    }
    for view in session.recipe.views:
        for control in ("untrained", "scrambled"):
            assert math.isfinite(values[view, "conv3_1", f"firing.foveal_index.against_{control}"])
            assert -1 < values[view, "conv3_1", f"firing.angle.order_1.against_{control}"] < 1
    rows = findings(session)
    assert list(rows) == [claim.name for claim in read_rules(committed_rules()).claims]
    assert {row["verdict"] for row in rows.values()} == {"not measurable at this size"}
    assert rows["weaker-grouping-log-polar"]["effect"] == pytest.approx(
        values["log_polar", "conv5_2", "grouping.G.lambda"] - values["cartesian", "conv5_2", "grouping.G.lambda"]
    )
    assert all(f"{name}: {row['verdict']}; effect " in output for name, row in rows.items())
    assert "the classes have no wnids of ImageNet" in output
    assert (
        "grouping.W.lambda was not measured (the classes"
        in rows["weaker-grouping-log-polar"]["conditions"][2]["reason"]
    )
    assert not [name for name in session.run.files("measures") if "parts" in name]


def test_a_finished_measurement_is_skipped_and_the_findings_are_said(session, capsys):
    before = folder_content(session)
    measure(session)
    output = capsys.readouterr().out
    assert "measure: finished before" in output
    assert "strong-grouping: not measurable at this size" in output
    assert session.given_executor.ran == []
    assert folder_content(session) == before


def test_a_killed_measurement_repeats_only_what_was_unfinished(session, monkeypatch):
    expected = folder_content(session)
    session.run.remove("stages/measure.json")
    made = []

    def group_two(piece):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(piece.network)
        return group_nines(piece)

    monkeypatch.setattr(workflows.measure, "group_nines", group_two)
    with pytest.raises(KeyboardInterrupt):
        measure(session)
    assert not session.run.exists("stages/measure.json")
    monkeypatch.setattr(
        workflows.measure, "group_nines", lambda piece: made.append(piece.network) or group_nines(piece)
    )
    measure(session)
    assert len(made) == 4
    assert folder_content(session) == expected


def test_the_order_of_tasks_changes_nothing(session):
    """The run was measured with the last piece first."""
    expected = folder_content(session)
    session.run.remove("stages/measure.json")
    session.given_executor = InProcess()
    measure(session)
    assert folder_content(session) == expected


def test_other_scans_are_refused_in_one_line(session):
    other = Session(with_settings(session.recipe, {"data.eval-crop": 0.8}), session.run)
    with pytest.raises(
        LogpolarError, match=r"scan of view cartesian was made with data\.eval-crop 1, now 0\.8; run `"
    ) as error:
        measure(other)
    assert "\n" not in str(error.value)


def test_other_samples_make_other_tables(session):
    before = folder_content(session)
    session.recipe = with_settings(session.recipe, {"measure.samples": 29})
    measure(session)
    assert folder_content(session) != before
    assert set(table(session, "grouping")["samples"].to_pylist()) == {29}


@pytest.mark.parametrize("name", ["rings.npz", "maxima.npy", "maxima_images.parquet", "exemplars.parquet"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_a_damaged_table_of_a_scan_is_refused_and_made_again(session, name, damage):
    folder = session.run / "log_polar"
    before = folder.read_bytes(name)
    if damage == "gone":
        folder.remove(name)
    else:
        half = len(before) // 2
        folder.write_bytes(name, before[:half] + (bytes([before[half] ^ 1]) + before[half + 1 :]) * (damage != "cut"))
    session.recipe = replace(session.recipe, measure=MeasureSettings(samples=20))
    with pytest.raises(LogpolarError, match=rf"log_polar: {name} (has changed|is missing).*scan again"):
        measure(session)
    folder.remove(name)
    scan(session)
    assert folder.read_bytes(name) == before
    measure(session)


def test_a_missing_table_of_the_measures_is_made_again(session):
    before = folder_content(session)
    session.run.remove("measures/grouping.parquet")
    measure(session)
    assert folder_content(session)["measures/grouping.parquet"] == before["measures/grouping.parquet"]
