"""Tests of pictures become means of layers, and numbers between chance and retest."""

import math

import numpy as np
import pyarrow as pa
import pytest

from lp_core.exemplars.sanity import SCHEMA as SANITY
from lp_core.findings.pictures import channels_tested, picture_table, picture_values, survival
from lp_core.measures.rules import PICTURES, committed_rules, read_rules

MEANS = {
    ("retest", 0): 0.9,
    ("chance", 2): 0.1,
    ("random", 1): 0.7,
    ("random", 2): 0.3,
    ("edges", 0): 0.5,
    ("edges", 1): 0.2,
    ("edges", 2): 0.6,
    ("edges_chance", 0): 0.4,
    ("deletion_box", 0): 0.2,
    ("deletion_elsewhere", 0): 0.7,
    ("occlusion_energy", 0): 0.3,
    ("occlusion_random", 0): 0.9,
    ("occlusion_edges", 0): 0.6,
    ("gradient_norm", 0): 2.0,
}


def rows_of(means=MEANS, channels: int = 4) -> pa.Table:
    """Channels and ranks around the means, which stay what they are."""
    rows = [
        ("conv1_2", channel, rank, "guided", test, depth, mean + (channel - (channels - 1) / 2) / 100 + (rank - 1) / 50)
        for (test, depth), mean in means.items()
        for channel in range(channels)
        for rank in range(3)
    ]
    return pa.Table.from_pylist([dict(zip(SANITY.names, row, strict=True)) for row in rows], SANITY)


def test_numbers_of_a_layer_and_rule():
    values = picture_values(picture_table("cartesian", rows_of()))
    expected = {
        "random": 0.3,
        "chance": 0.1,
        "retest": 0.9,
        "survives": (0.3 - 0.1) / (0.9 - 0.1),
        "edges": 0.1,
        "edges_random": 0.2,
        "deletion.effect": 0.5,
        "deletion.left": 0.2,
        "occlusion.against_random": 0.6,
        "occlusion.against_edges": 0.3,
        "gradient_norm": 2.0,
    }
    assert values == {
        ("cartesian", "conv1_2", f"pictures.guided.{name}"): pytest.approx(value) for name, value in expected.items()
    }


def test_every_channel_counts_the_same_and_what_was_not_made_is_counted():
    rows = rows_of({("retest", 0): 0.5}, channels=2).to_pylist()
    rows = [row | {"value": float(row["channel"])} for row in rows]
    rows[0]["value"] = rows[1]["value"] = None  # of channel 0
    [row] = picture_table("log_polar", pa.Table.from_pylist(rows, SANITY)).to_pylist()
    assert (row["mean"], row["low"], row["high"]) == (0.5, 0.25, 0.75)
    assert (row["channels"], row["exemplars"], row["left_out"]) == (2, 4, 2)
    assert channels_tested(picture_table("log_polar", pa.Table.from_pylist(rows, SANITY))) == {
        ("log_polar", row["layer"]): 2
    }


def test_a_test_that_was_never_made_has_no_number():
    rows = [
        row | {"value": None} for row in rows_of({("deletion_box", 0): 0.5, ("deletion_elsewhere", 0): 0.9}).to_pylist()
    ]
    table = picture_table("cartesian", pa.Table.from_pylist(rows, SANITY))
    assert table["mean"].null_count == 2
    assert table["left_out"].to_pylist() == [12, 12]
    assert picture_values(table) == {}


def test_survival_is_unknown_where_chance_is_as_good_as_retest():
    assert survival(0.5, 0.2, 0.8) == pytest.approx(0.5)
    assert survival(0.2, 0.2, 0.8) == 0
    assert math.isnan(survival(0.93, 0.92, 0.95))
    assert math.isnan(survival(None, 0.2, 0.8))
    assert math.isnan(survival(0.5, np.nan, 0.8))


def test_claims_rest_on_numbers_that_there_are():
    values = picture_values(
        picture_table(
            "cartesian", rows_of({**MEANS, ("retest_ssim", 0): 0.9, ("chance_ssim", 2): 0.1, ("random_ssim", 2): 0.2})
        )
    )
    names = {name for _, _, name in values}
    for claim in read_rules(committed_rules(PICTURES)).claims:
        assert {condition.measure for condition in claim.conditions} <= names
