"""Equivariance errors as a table: means over photographs, and over turns by layer; nothing where nothing is known."""

import numpy as np
import pytest

from lp_core.findings.equivariance import equivariance_table, equivariance_values
from lp_core.measures.equivariance import turns

TURNS = turns("log_polar", 32)
LAYERS, PADDINGS = ["conv1_1", "conv5_3"], ["circular", "zeros"]


@pytest.fixture
def errors():
    rng = np.random.default_rng(0)
    shape = (6, len(PADDINGS), len(TURNS), len(LAYERS))
    return {"error_NPTL": rng.random(shape), "unmoved_NPTL": rng.random(shape), "unrelated_NPL": rng.random((6, 2, 2))}


def test_every_number_is_a_mean_over_photographs_and_turns(errors):
    table = equivariance_table("log_polar", LAYERS, PADDINGS, TURNS, errors)
    assert len(table) == len(PADDINGS) * len(TURNS) * len(LAYERS)
    for row in table.to_pylist():
        place = PADDINGS.index(row["padding"]), [turn.degrees for turn in TURNS].index(row["degrees"])
        mine_N = errors["error_NPTL"][:, *place, LAYERS.index(row["layer"])]
        assert row["error"] == pytest.approx(sum(mine_N) / 6)
        assert min(mine_N) <= row["low"] <= row["high"] <= max(mine_N)
        assert row["own_padding"] == (row["padding"] == "circular")
    values = equivariance_values(table)
    quarter = [place for place, turn in enumerate(TURNS) if turn.is_quarter]
    small = [place for place, turn in enumerate(TURNS) if not turn.is_quarter]
    name = "tolerance.equivariance"
    key = "log_polar", "conv5_3"
    assert values[*key, f"{name}.quarter_turns"] == pytest.approx(errors["error_NPTL"][:, 0, quarter, 1].mean())
    assert values[*key, f"{name}.quarter_turns.circular"] == values[*key, f"{name}.quarter_turns"]
    assert values[*key, f"{name}.small_turns.zeros"] == pytest.approx(errors["error_NPTL"][:, 1, small, 1].mean())
    assert values[*key, f"{name}.unmoved"] == pytest.approx(errors["unmoved_NPTL"][:, 0, quarter, 1].mean())
    assert values[*key, f"{name}.unrelated"] == pytest.approx(errors["unrelated_NPL"][:, 0, 1].mean())


def test_what_is_not_known_has_no_row_and_no_value(errors):
    errors["error_NPTL"][..., 1] = np.nan
    errors["error_NPTL"][0, 0, 0, 0] = np.nan  # a photograph in which a layer is silent
    errors["unrelated_NPL"][:] = np.nan
    table = equivariance_table("log_polar", LAYERS, PADDINGS, TURNS, errors)
    assert set(table["layer"].to_pylist()) == {"conv1_1"}
    assert table["images"].to_pylist()[:2] == [5, 6]
    assert not any(measure.endswith("unrelated") for _, _, measure in equivariance_values(table))
