"""The table of rules: verdicts by the bounds of the claims, and cells in the order of layers and rules."""

import math

import pytest

from lp_core.measures.rules import PICTURES, committed_rules, read_rules
from lp_core.report.measured import Measured
from lp_core.report.sanity_table import LEAST_EFFECT, MOST_SURVIVING, sanity_tables, verdict


@pytest.mark.parametrize(
    ("survives", "effects", "trust", "reason"),
    [
        ((0.1, 0.2), (0.3, 0.2), True, "depends on the weights"),
        ((0.6, 0.2), (0.3, 0.2), False, "random weights draw much the same"),
        ((0.1, 0.2), (0.3, 0.01), False, "does not drive the unit"),
        ((0.1, 0.2), (-0.2, 0.4), False, "does not drive the unit"),
        ((math.nan, math.nan), (0.3, 0.2), None, "unrelated"),
        ((math.nan, 0.2), (0.3, 0.0), False, "does not drive the unit"),
        ((0.1, 0.2), (math.nan, 0.2), None, "no room"),
        ((0.1, 0.6), (math.nan, 0.2), False, "random weights"),
        ((math.nan, 0.2), (0.3, 0.2), True, "depends on the weights"),
    ],
)
def test_a_rule_is_trusted_where_every_test_passes(survives, effects, trust, reason):
    found, words = verdict(survives, effects)
    assert found is trust
    assert reason in words


def test_the_bounds_are_those_of_the_claims():
    conditions = [c for claim in read_rules(committed_rules(PICTURES)).claims for c in claim.conditions]
    assert {c.bound for c in conditions if "survives" in c.measure} == {MOST_SURVIVING}
    assert {c.margin for c in conditions if "survives" not in c.measure} == {LEAST_EFFECT}


def test_one_table_a_view_with_layers_in_the_networks_order():
    tests = {"retest": 0.9, "chance": 0.1, "random": 0.3, "edges": 0.4, "edges_chance": 0.45}
    tests |= {"deletion_box": 0.2, "deletion_elsewhere": 0.7, "occlusion_energy": 0.3, "occlusion_edges": 0.5}
    rows = [
        {"view": "log_polar", "layer": layer, "rule": "guided", "test": test, "mean": mean}
        | {"depth": depth if test in ("chance", "random") else 0}
        for layer, depth in (("conv5_2", 12), ("conv1_2", 2))
        for test, mean in tests.items()
    ]
    rows += [row | {"depth": 2, "mean": 0.449} for row in rows if row["test"] == "edges" and row["layer"] == "conv1_2"]
    [table] = sanity_tables(Measured(findings=[], rules="", tables={"pictures": rows}), ("cartesian", "log_polar"))
    assert table.view == "log_polar"
    assert [layer for layer, _ in table.rows] == ["conv1_2", "conv5_2"]
    guided, deconvnet, gradient = table.rows[0][1]
    assert (guided.survives, guided.edges, guided.deletion, guided.occlusion) == ("25", "−0.05", "+50", "+20")
    assert guided.trust
    assert guided.edges_random == "0.00", "no sign"
    assert (deconvnet.survives, deconvnet.trust, gradient.edges) == ("–", None, "–")


def test_a_run_whose_pictures_were_not_tested_has_no_table():
    assert sanity_tables(Measured(findings=[], rules=""), ("cartesian",)) == []
