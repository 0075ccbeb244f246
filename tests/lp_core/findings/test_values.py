"""`values`: the names are those that claims use, and what is not known has no row."""

import math

import numpy as np
import pyarrow as pa
import pytest

from lp_core.findings import channel_table, firing, grouping
from lp_core.findings.grouping import Likeness, grouping_table, measure_grouping
from lp_core.findings.values import (
    DIFFERENCE,
    Absence,
    angle_values,
    channel_values,
    foveal_values,
    grouping_name,
    grouping_values,
    values_of,
    values_table,
    with_differences,
)
from tests.lp_core.findings.simulated import simulated_nines


def grouping_rows(**deltas):
    row = {"view": "cartesian", "layer": "conv5_2", "mean": 0.4, "significant_share": 0.6}
    return [
        row | {"network": network, "measure": measure, "delta": delta}
        for network, of_network in deltas.items()
        for measure, delta in of_network.items()
    ]


def test_lambda_is_delta_less_that_of_the_untrained_network():
    rows = grouping_rows(
        trained={"G": 0.3, "E_log_polar": 0.2, "W": math.nan}, untrained={"G": 0.1, "E_log_polar": 0.05}
    )
    found = {
        name: value
        for (_, _, name), value in grouping_values(pa.Table.from_pylist(rows, grouping.SCHEMA), 0.08).items()
    }
    assert found["grouping.G.lambda"] == pytest.approx(0.2)
    assert found["grouping.G.delta.untrained"] == 0.1
    assert found["grouping.E.lambda.log_polar_embedding"] == pytest.approx(0.15)
    assert (found["grouping.G.significant_share"], found["grouping.G.independent"]) == (0.6, 0.08)
    assert "grouping.W.delta" not in found
    assert "grouping.W.lambda" not in found


def test_names_of_measures_with_underscores():
    assert grouping_name("W_unlike", "lambda") == "grouping.W_unlike.lambda"
    assert grouping_name("E_cartesian", "lambda") == "grouping.E.lambda.cartesian_embedding"
    assert grouping_name("M_90_log_polar", "lambda") == "grouping.M_90.lambda.log_polar_embedding"
    assert grouping_name("E_half_plugin", "delta") == "grouping.E_half.delta.plugin_embedding"
    assert grouping_name("W_unlike", "mean") == "grouping.W_unlike.mean"


def test_a_rotated_basis_has_less_delta_than_grouped_channels():
    groupings = {}
    for rotated in (0, 8):
        parts = []
        for network, planted in (("trained", 8), ("rotated", rotated)):
            rng = np.random.default_rng(planted)
            nines = simulated_nines(rng.integers(0, 20, 400), rng, planted=planted)
            effects = measure_grouping(nines, Likeness(), 49, rng, only="classes")
            parts.append(grouping_table(nines, effects, "cartesian", network))
        values = grouping_values(pa.concat_tables(parts))
        groupings[rotated] = values["cartesian", "conv5_2", "grouping.G.against_rotated"]
    assert groupings[0] > 0.05  # of 32 channels, 8 with six images of one class, 15 pairs of 36
    assert abs(groupings[8]) < 0.03


def test_channels_are_averaged_where_they_are_known():
    row = {"view": "log_polar", "layer": "conv1_1", "dead": False, "purity": 0.5, "distinct": 8.0, "entropy": math.nan}
    row |= {"complete": True, "few_active": False}
    rows = [
        row,
        row | {"purity": 0.3},
        row | {"dead": True, "few_active": True, "purity": math.nan, "distinct": math.nan},
    ]
    table = pa.Table.from_pylist(
        [{name: math.nan for name in channel_table.SCHEMA.names} | each for each in rows],
        channel_table.SCHEMA.remove(channel_table.SCHEMA.get_field_index("channel")),
    )
    found = {name: value for (_, _, name), value in channel_values(table).items()}
    assert found == {
        "channels.dead_share": pytest.approx(1 / 3),
        "channels.few_active_share": pytest.approx(1 / 3),
        "grouping.distinct.mean": 8.0,
        "grouping.purity.mean": pytest.approx(0.4),
    }


def test_places_are_compared_with_their_controls():
    rows = [
        {"view": "v", "network": network, "layer": "l", "order": 1, "resultant": resultant, "direction": 0.0}
        for network, resultant in (("trained", 0.5), ("untrained", 0.1), ("scrambled", 0.2))
    ]
    found = angle_values(pa.Table.from_pylist(rows, firing.ANGLE_SCHEMA))
    assert found["v", "l", "firing.angle.order_1.against_untrained"] == pytest.approx(0.4)
    assert found["v", "l", "firing.angle.order_1.against_scrambled"] == pytest.approx(0.3)
    indices = {("l", ""): -0.5, ("l", ".within_4_px"): -math.inf}
    assert foveal_values("v", "untrained", indices) == {("v", "l", "firing.foveal_index.against_untrained"): -0.5}


def test_differences_need_both_views_and_keep_the_ordinary_lambda():
    key = ("conv5_2", "grouping.G.lambda")
    both = {("cartesian", *key): 0.5, ("log_polar", *key): 0.2, ("log_polar", "conv5_2", "x"): 1.0}
    found = with_differences(both)
    assert found[(DIFFERENCE, *key)] == pytest.approx(-0.3)
    assert found[DIFFERENCE, "conv5_2", "grouping.G.lambda.cartesian"] == 0.5
    assert len(found) == len(both) + 2


def test_a_table_of_values_survives():
    values = {("v", "l", "b"): 2.0, ("v", "l", "a"): 1.0}
    assert values_of(values_table(values)) == values
    assert list(values_of(values_table(values))) == list(values)
    assert values_of(values_table({})) == {}


@pytest.mark.parametrize(
    ("measure", "view", "name", "concerned"),
    [
        ("grouping.W", "log_polar", "grouping.W.lambda", True),
        ("grouping.W", "log_polar - cartesian", "grouping.W.lambda", True),
        ("grouping.W", "cartesian", "grouping.W.lambda", False),
        ("grouping.W", "log_polar", "grouping.W_unlike.lambda", False),
        ("", "log_polar", "grouping.G.lambda", True),
    ],
)
def test_an_absence_concerns_whole_words_of_names(measure, view, name, concerned):
    assert Absence("log_polar", measure, "why").concerns(view, name) == concerned
