"""`nines`: arrays of a table of exemplars, its empty places included."""

import math

import numpy as np
import pyarrow as pa
import pytest

from lp_core.exemplars.table import InputShares, exemplar_table
from lp_core.exemplars.top_k import TopK
from lp_core.findings.nines import nines_of, values_of_rows
from lp_core.images.network_input import log_polar_map
from lp_core.settings import ViewSettings

COUNTS = {"conv1_1": 2, "conv5_2": 3}


def exemplars(**shares):
    rng = np.random.default_rng(0)
    row_CK = np.stack([rng.choice(20, 9, replace=False) for _ in range(5)])
    value_CK = np.sort(rng.random((5, 9)).astype(np.float32))[:, ::-1]
    position = rng.integers(0, 2, (5, 9, 2)).astype(np.int32)
    for channel, first in ((1, 0), (3, 4)):  # a dead channel, and one with four images
        row_CK[channel, first:], value_CK[channel, first:], position[channel, first:] = -1, 0, -1
    rows = pa.table({"row": np.arange(20), "image_id": np.arange(20).astype(str), "label": np.arange(20) % 4})
    names = ["a", "b", "c", "d"]
    return row_CK, exemplar_table(
        TopK(value_CK, row_CK, position), COUNTS, rows, names, shares=InputShares((32, 32), **shares)
    )


def test_arrays_are_those_of_the_table():
    row_CK, table = exemplars(masks={"fill": np.ones((32, 32), bool)})
    nines = nines_of(table)
    assert nines.layers == ("conv1_1", "conv5_2")
    assert nines.layer_C.tolist() == [0, 0, 1, 1, 1]
    assert nines.channel_C.tolist() == [0, 1, 0, 1, 2]
    np.testing.assert_array_equal(nines.image_CK, row_CK)
    np.testing.assert_array_equal(nines.label_CK, np.where(row_CK < 0, -1, row_CK % 4))
    assert nines.dead_C.tolist() == [False, True, False, False, False]
    assert nines.complete_C.tolist() == [True, False, True, False, True]
    assert nines.channels("conv5_2").tolist() == [False, False, True, True, True]
    assert nines.at_border_CK[0].all()  # the fill is everywhere
    assert nines.only(nines.complete_C).channel_C.tolist() == [0, 0, 2]


def test_a_view_without_fill_has_a_share_of_0():
    nines = nines_of(exemplars()[1])
    assert (nines.fill_CK == 0).all()
    assert np.isnan(nines.padding_CK[1]).all()
    assert not nines.at_border_CK[0].all()
    assert nines.at_border_CK[1].all()


def test_a_cut_table_is_refused():
    with pytest.raises(ValueError, match="44 lines, not 9 for every channel"):
        nines_of(exemplars()[1].slice(0, 44))


def test_values_are_looked_up_by_row_number():
    values = values_of_rows(np.array([2, 5, 9]), np.array([0.2, 0.5, 0.9]), np.array([[9, 2], [5, 5]]))
    assert values.tolist() == [[0.9, 0.2], [0.5, 0.5]]
    with pytest.raises(ValueError, match="row 11 of the exemplars is no image"):
        values_of_rows(np.array([2, 5, 9]), np.array([0.2, 0.5, 0.9]), np.array([[9, 11]]))


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
def test_eccentricity_is_that_of_the_middle_of_the_receptive_field(view):
    _, table = exemplars()
    eccentricity_CK = nines_of(table).eccentricity_CK(view, ViewSettings(size=32))
    radius_of = log_polar_map(ViewSettings(size=32)).radius_of
    for line, found in zip(table.to_pylist(), eccentricity_CK.ravel(), strict=True):
        if line["row"] is None:
            assert np.isnan(found)
            continue
        y, x = (line["rf_top"] + line["rf_bottom"] - 1) / 2, (line["rf_left"] + line["rf_right"] - 1) / 2
        expected = math.hypot(y - 15.5, x - 15.5) if view == "cartesian" else radius_of(min(max(x, 0), 31))
        assert found == pytest.approx(expected)
    chosen = np.array([True, False, True, False, False])
    kept = nines_of(table).only(chosen).eccentricity_CK(view, ViewSettings(size=32))
    np.testing.assert_array_equal(kept, eccentricity_CK[chosen])
