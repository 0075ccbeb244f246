"""`logpolar measure SWEEP` on a sweep of given weights; the tasks run in this process."""

import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lp_core.errors import LogpolarError
from lp_core.fingerprint import checksum
from lp_core.run.files import SWEEP_TABLE
from lp_core.run.history import epoch_name, epoch_weights
from lp_core.run.weights import FILE, weights_bytes
from lp_core.storage import Storage
from tasks.from_recipe import learner_of
from tasks.pieces import InProcess
from tests.workflows.kept_epochs import give_weights
from workflows.command_line import Command
from workflows.measure_sweep import measure_sweep
from workflows.scan import scan
from workflows.session import Session
from workflows.stages import StageGraph

CELLS = [("base/seed-0", "none"), ("base/seed-1", "none"), ("base/shuffled-seed-0", "shuffled")]
ASKED = {"tolerance": True, "tolerance_images": 2, "sanity": True, "sanity_channels": 1, "sanity_layers": ("conv1_2",)}
LOST = ("base/seed-2", "none")


@pytest.fixture
def sweep(small_recipe, tmp_path):
    """A sweep of two seeds, one of them also with shuffled labels, one failed run; how to measure a run."""
    recipe = replace(
        small_recipe,
        data=replace(small_recipe.data, limit=30),
        scan=replace(small_recipe.scan, maxima="always"),
        measure=replace(small_recipe.measure, samples=19),
    )
    folder, commands = Storage.at(tmp_path), {}
    for number, (name, _) in enumerate(CELLS):
        run = folder / name
        own = replace(recipe, seed=int(name[-1]))
        for view in recipe.views:
            stage = StageGraph(own, run).train(view)
            for epoch in (0, None):
                seed = 10 * number + (epoch is None)
                data = weights_bytes(learner_of(replace(recipe, seed=seed), view, 12, steps_per_epoch=10).network)
                (run / view).write_bytes(FILE if epoch is None else epoch_weights(epoch), data)
                vouch = {"epoch": 0, "weights": checksum(data), "training": stage.fingerprint}
                (run / view).write_json(f"{epoch_name(0)}.json", vouch) if epoch == 0 else None
            stage.finish(1.0, weights=checksum(data))
        scan(Session(own, run, given_executor=InProcess()))
        commands[run.uri] = Command(own, run, None, None, None, None, None, "report")
    rows = [
        {"run": name, "variant": "base", "seed": int(name[-1]), "control": control, "state": state}
        for (name, control), state in [*((cell, "finished") for cell in CELLS), (LOST, "failed")]
    ]
    folder.write_table(SWEEP_TABLE, pa.Table.from_pylist(rows))
    return folder, lambda run: commands[run.uri]


def test_every_finished_run_is_measured_and_seeds_are_replicates(sweep, capsys):
    folder, command_of = sweep
    measure_sweep(folder, command_of, InProcess())
    output = capsys.readouterr().out
    assert "run base/seed-2 is left out: failed" in output
    values = pq.read_table(folder.path("measures/values.parquet")).to_pylist()
    assert {row["run"] for row in values} == {name for name, _ in CELLS}
    of_run = pq.read_table(folder.path("base/seed-1/measures/values.parquet")).to_pylist()
    names = ("view", "layer", "measure", "value")
    mine = [{name: row[name] for name in names} for row in values if row["run"] == "base/seed-1"]
    compared = {
        row["measure"] for row in mine if row["measure"].endswith("_embedding") and ".lambda." in row["measure"]
    }
    assert compared == {
        f"grouping.{name}.lambda.{view}_embedding"
        for name in ("E", "M", "M_90", "M_50")
        for view in ("cartesian", "log_polar")
    }
    mine = [row for row in mine if not row["measure"].endswith("_embedding")]
    assert [row for row in mine if "shuffled" not in row["measure"]] == of_run
    shuffled = {
        (row["view"], row["layer"]): row["value"]
        for row in values
        if row["measure"] == "grouping.G.delta" and row["control"] == "shuffled"
    }
    for row in values:
        if row["measure"] == "grouping.G.delta.against_shuffled":
            assert row["control"] == "none"
            plain = [
                other
                for other in values
                if (other["run"], other["view"], other["layer"], other["measure"])
                == (row["run"], row["view"], row["layer"], "grouping.G.delta")
            ]
            assert row["value"] == pytest.approx(plain[0]["value"] - shuffled[row["view"], row["layer"]])
    differences = pq.read_table(folder.path("measures/differences.parquet")).to_pylist()
    (row,) = [row for row in differences if (row["layer"], row["measure"]) == ("conv5_2", "grouping.G.lambda")]
    seeds = [
        row["value"]
        for row in values
        if row["view"] == "log_polar - cartesian"
        and row["layer"] == "conv5_2"
        and row["measure"] == "grouping.G.lambda"
        and row["control"] == "none"
    ]
    assert (row["n"], row["smallest_p"]) == (2, 0.5)
    assert row["mean"] == pytest.approx(sum(seeds) / 2)
    assert row["low"] < row["mean"] < row["high"]
    assert {row["measure"] for row in differences} >= compared
    twins = pq.read_table(folder.path("measures/twins.parquet")).to_pylist()
    assert {(row["a"], row["b"]) for row in twins} == {("cartesian seed-0", "cartesian seed-1")}
    rows = json.loads(folder.read_bytes("findings.json"))["findings"]
    assert {(row["variant"], row["seeds"]) for row in rows} == {("base", 2)}
    assert "base: strong-grouping: not measurable at this size; effect " in output


def test_further_sets_are_measured_in_every_run_and_judged_over_seeds(small_recipe, tmp_path):
    """Tolerance, pictures and evolution of two seeds: tables, findings and the page; without them nothing is left."""
    recipe = replace(
        small_recipe,
        data=replace(small_recipe.data, limit=24),
        scan=replace(small_recipe.scan, maxima="never"),
        measure=replace(small_recipe.measure, samples=19, lesion=False, evolution=True, **ASKED),
    )
    folder, commands = Storage.at(tmp_path), {}
    for name, _ in CELLS[:2]:
        own, run = replace(recipe, seed=int(name[-1])), folder / name
        give_weights(own, run, (0, 1))
        scan(Session(own, run, given_executor=InProcess()))
        commands[run.uri] = Command(own, run, None, None, None, None, None, "report")
    rows = [
        {"run": name, "variant": "base", "seed": int(name[-1]), "control": "none", "state": "finished"}
        for name, _ in CELLS[:2]
    ]
    folder.write_table(SWEEP_TABLE, pa.Table.from_pylist(rows))
    measure_sweep(folder, lambda run: commands[run.uri], InProcess())
    findings = json.loads(folder.read_bytes("findings.json"))["findings"]
    assert [row["seeds"] for row in findings if row["claim"].startswith("lower-layers-first")] == [2, 2, 2]
    differences = pq.read_table(folder.path("measures/differences.parquet")).to_pylist()
    for measure in ("evolution.mean_birth", "tolerance.top1", "tolerance.equivariance.quarter_turns"):
        assert {row["n"] for row in differences if row["measure"] == measure} == {2}
    claims = {row["claim"] for row in findings}
    assert {"rotation-tolerance", "pictures-depend-on-weights", "lower-layers-first"} <= claims
    curves = folder.read_table("measures/tolerance.parquet")
    parts = [folder.read_table(f"{name}/measures/tolerance.parquet") for name, _ in CELLS[:2]]
    assert curves.drop_columns(["run", "variant", "seed", "control"]).equals(pa.concat_tables(parts).combine_chunks())
    assert curves["seed"].to_pylist() == [0] * len(parts[0]) + [1] * len(parts[1])
    page = folder.read_bytes("report/index.html").decode()
    for title in ("Tolerance over seeds", "Births by layer over seeds", "Which rule to trust where"):
        assert f"<b>{title}" in page
    for run, command in commands.items():
        off = replace(command.recipe.measure, tolerance=False, sanity=False, evolution=False)
        commands[run] = replace(command, recipe=replace(command.recipe, measure=off))
    measure_sweep(folder, lambda run: commands[run.uri], InProcess())
    assert not folder.exists("measures/tolerance.parquet")


def test_measured_again_nothing_changes(sweep, capsys):
    folder, command_of = sweep
    measure_sweep(folder, command_of, InProcess())
    before = {name: folder.read_bytes(name) for name in folder.files("measures")}
    capsys.readouterr()
    measure_sweep(folder, command_of, InProcess())
    assert capsys.readouterr().out.count("measure: finished before") == len(CELLS)
    assert {name: folder.read_bytes(name) for name in folder.files("measures")} == before


def test_a_sweep_without_a_finished_run_is_refused(tmp_path):
    folder = Storage.at(tmp_path)
    folder.write_table(SWEEP_TABLE, pa.table({"run": ["base/seed-0"], "state": ["waiting"]}))
    with pytest.raises(LogpolarError, match="none of the 1 runs of the sweep is finished"):
        measure_sweep(folder, lambda run: None, InProcess())
