"""`seeds`: planted differences between views are found over seeds, equal views are not told apart."""

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from lp_core.findings.seeds import (
    CLIFFS_DELTA,
    RUN_NAMES,
    MeasuredRun,
    against_shuffled,
    curve_table,
    difference_table,
    sweep_findings,
    sweep_values,
)
from lp_core.findings.values import Absence, with_differences
from lp_core.findings.verdict_rows import RunSize
from lp_core.measures.rules import committed_rules, read_rules

LAYER, LAMBDA = "conv5_2", "grouping.G.lambda"
SIZE = RunSize(224, 1000, 50_000, {})


def run(seed, ordinary, other, *, variant="base", control="none", rng=None, **values):
    rng = rng or np.random.default_rng(seed)
    by_view = {("cartesian", LAYER, LAMBDA): ordinary, ("log_polar", LAYER, LAMBDA): other}
    by_view |= {("cartesian", LAYER, name.replace("__", ".")): value for name, value in values.items()}
    grouping = {
        (view, LAYER): value + 0.1 * rng.normal(size=30) for (view, _, name), value in by_view.items() if name == LAMBDA
    }
    name = f"{variant}/{'shuffled-' * (control == 'shuffled')}seed-{seed}"
    return MeasuredRun(name, variant, seed, control, with_differences(by_view), SIZE, (), grouping)


def differences(runs, layers=(LAYER,)):
    rows = difference_table(runs, layers, np.random.default_rng(0)).to_pylist()
    return {(row["variant"], row["measure"]): row for row in rows}


def test_a_planted_shift_is_found_and_exceeds_the_yardstick():
    rng = np.random.default_rng(0)
    noise = 0.01 * rng.normal(size=(8, 2))
    runs = [run(seed, 0.5 + a, 0.3 + b) for seed, (a, b) in enumerate(noise)]
    row = differences(runs)["base", LAMBDA]
    assert row["n"] == 8
    assert row["mean"] == pytest.approx(-0.2, abs=0.02)
    assert row["low"] < row["mean"] < row["high"] < 0
    assert row["p"] == row["smallest_p"] == 2**-7
    assert row["yardstick_exceeds"]
    assert row["yardstick_ratio"] > 5
    cliff = differences(runs)["base", CLIFFS_DELTA]
    assert -1 <= cliff["low"] < cliff["mean"] < cliff["high"] < 0
    assert cliff["p"] is None


def test_equal_views_are_rejected_at_the_level_at_most():
    rng = np.random.default_rng(1)
    trials, rejected = 200, 0
    for _ in range(trials):
        runs = [run(seed, *rng.normal(size=2), rng=rng) for seed in range(5)]
        row = differences(runs, layers=())["base", LAMBDA]
        rejected += not row["low"] <= 0 <= row["high"]
    assert stats.binomtest(rejected, trials, 0.05, "greater").pvalue > 0.01


def test_one_seed_has_a_difference_without_an_interval():
    row = differences([run(0, 0.5, 0.3)])["base", LAMBDA]
    assert (row["n"], row["low"], row["p"], row["yardstick_exceeds"]) == (1, None, None, None)
    assert row["mean"] == pytest.approx(-0.2)


def test_only_seeds_with_both_views_are_paired():
    one_sided = run(3, 0.5, 0.3)
    del one_sided.values["log_polar", LAYER, LAMBDA]
    assert differences([run(0, 0.5, 0.3), one_sided])["base", LAMBDA]["n"] == 1


def test_shuffled_labels_are_subtracted_seed_by_seed_or_on_average():
    delta = "grouping.G.delta"
    trained = [run(seed, 0, 0, **{delta.replace(".", "__"): 0.5 + 0.1 * seed}) for seed in (0, 1)]
    shuffled = [run(seed, 0, 0, control="shuffled", **{delta.replace(".", "__"): 0.1 * seed}) for seed in (0, 1)]
    key = ("cartesian", LAYER, f"{delta}.against_shuffled")
    paired = against_shuffled(trained + shuffled)
    assert [paired[one.run][key] for one in trained] == pytest.approx([0.5, 0.5])
    averaged = against_shuffled(trained + shuffled[1:])
    assert [averaged[one.run][key] for one in trained] == pytest.approx([0.4, 0.5])
    assert against_shuffled(trained) == {}
    rows = sweep_values(trained + shuffled).to_pylist()
    assert {row["control"] for row in rows if row["measure"] == key[2]} == {"none"}
    assert {row["control"] for row in rows if row["measure"] == delta} == {"none", "shuffled"}


def test_variants_are_judged_apart_and_shuffled_runs_not_at_all():
    share = {"grouping__G__significant_share": 0.8}
    strong = [run(seed, 0.3 + 0.01 * seed, 0.1, variant="a", **share) for seed in range(3)]
    weak = [run(seed, -0.3 - 0.01 * seed, 0.1, variant="b", **share) for seed in range(3)]
    null = [run(0, 9.0, 9.0, variant="a", control="shuffled", **share)]
    rows = sweep_findings([*strong, *null, *weak], read_rules(committed_rules()))
    verdicts = {row["variant"]: (row["verdict"], row["seeds"]) for row in rows if row["claim"] == "strong-grouping"}
    assert verdicts == {"a": ("supported", 3), "b": ("refuted", 3)}


def test_reasons_of_all_runs_are_kept():
    runs = [run(0, 0.1, 0.1), run(1, 0.1, 0.1)]
    runs[1] = MeasuredRun(
        *[getattr(runs[1], name) for name in ("run", "variant", "seed", "control", "values", "size")],
        (Absence("cartesian", "grouping.W", "no wnids"),),
    )
    rows = sweep_findings(runs, read_rules(committed_rules()))
    (row,) = [row for row in rows if row["claim"] == "weaker-grouping-log-polar"]
    assert "grouping.W.lambda was not measured (no wnids)" in [condition["reason"] for condition in row["conditions"]]


def test_tables_of_runs_are_joined_under_the_names_of_their_runs():
    parts = [pa.table({"value": [1.0, 2.0]}), pa.table({"value": [3.0]})]
    rows = [
        {"run": f"base/seed-{seed}", "variant": "base", "seed": seed, "control": "none", "state": "finished"}
        for seed in (4, 7)
    ]
    joined = curve_table(list(zip(rows, parts, strict=True)))
    assert joined.column_names == [*RUN_NAMES, "value"]
    assert joined["seed"].to_pylist() == [4, 4, 7]
    assert joined["value"].to_pylist() == [1.0, 2.0, 3.0]
    assert joined["run"].to_pylist() == ["base/seed-4", "base/seed-4", "base/seed-7"]
