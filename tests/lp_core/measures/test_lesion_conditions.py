"""`lesion_conditions`: which lesions a map allows, under which names, and what the loss of top-1 is."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from lp_core.images.log_polar import LogPolarMap
from lp_core.measures.lesion_conditions import SCHEMA, lesion_conditions, lesion_table, lesion_values


def square(side: int, foveal_scale: float) -> LogPolarMap:
    return LogPolarMap(size=(side, side), sectors=side, rings=side, foveal_scale=foveal_scale)


def names(log_polar: LogPolarMap) -> Counter:
    return Counter(condition.name for condition in lesion_conditions(log_polar)[0])


def test_a_fovea_of_most_rings_gets_a_small_one_with_all_controls():
    conditions, remarks = lesion_conditions(square(224, 1.0))
    expected = {"none": 1, "fovea": 1, "equal_area": 3, "fovea_4px": 1, "equal_cells_4px": 3, "equal_area_4px": 3}
    assert Counter(condition.name for condition in conditions) == expected
    [remark] = remarks
    assert "equal_cells is left out: the fovea has 160 of 224 rings" in remark


def test_a_fovea_of_fewer_rings_needs_no_small_one():
    assert names(square(64, 12.0)) == {"none": 1, "fovea": 1, "equal_cells": 3, "equal_area": 3}


def test_where_no_fovea_leaves_as_many_rings_that_is_said():
    conditions, remarks = lesion_conditions(square(32, 1.0))
    assert not any(condition.name.startswith("equal_cells") for condition in conditions)
    assert [remark.partition(" is left out")[0] for remark in remarks] == [
        "lesion equal_cells",
        "lesion equal_cells_4px",
    ]
    assert ": the fovea has " in remarks[0]
    assert ": the inner 4 px has " in remarks[1]


def test_a_fovea_of_the_whole_photograph_is_left_out():
    conditions, remarks = lesion_conditions(LogPolarMap(size=(64, 64), sectors=64, rings=64, radius=3.5))
    assert [condition.name for condition in conditions] == ["none"]
    assert len(remarks) == 2


def test_each_blanks_what_its_name_says_once_and_the_same_in_every_process():
    log_polar = square(224, 1.0)
    conditions, again = lesion_conditions(log_polar)[0], lesion_conditions(log_polar)[0]
    assert all((a.mask_SR == b.mask_SR).all() for a, b in zip(conditions, again, strict=True))
    cells = {condition.name: condition.mask_SR.sum() for condition in conditions}
    assert cells["none"] == 0
    assert cells["equal_cells_4px"] == cells["fovea_4px"] == log_polar.looks_within(4.0).sum()
    assert len({condition.mask_SR.tobytes() for condition in conditions}) == len(conditions)


def test_fewer_places_than_draws_are_not_measured_twice():
    conditions, _ = lesion_conditions(square(48, 2.0), draws=20)
    fovea = next(condition for condition in conditions if condition.name == "fovea_4px")
    places = 48 - 2 * int(fovea.mask_SR[0].sum()) + 1
    assert Counter(condition.name for condition in conditions)["equal_cells_4px"] == places < 20


def test_top1_is_in_percent_of_the_images():
    conditions, _ = lesion_conditions(square(64, 12.0), draws=1)
    hit_NK = np.array([[1, 0, 1, 1], [1, 1, 0, 1], [0, 0, 0, 0], [1, 0, 1, 1]], bool)
    table = lesion_table("log_polar", conditions, hit_NK)
    assert table.schema == SCHEMA
    assert table["top1"].to_pylist() == [75.0, 25.0, 50.0, 75.0]
    assert set(table["images"].to_pylist()) == {4}
    # Lost by the fovea 50, by as many cells 25, by as much area 0.
    assert lesion_values(table) == {"lesion.fovea_less_equal_cells": 25.0, "lesion.fovea_less_equal_area": 50.0}


@pytest.mark.parametrize("with_cells", [False, True])
def test_the_small_fovea_stands_in_where_the_other_has_no_control(with_cells):
    top1 = {"none": [90.0], "fovea": [20.0], "equal_area": [88.0, 86.0], "fovea_4px": [60.0], "equal_area_4px": [89.0]}
    top1 |= {"equal_cells_4px": [30.0, 50.0]} if with_cells else {}
    rows = [{"condition": name, "top1": value} for name, values in top1.items() for value in values]
    values = lesion_values(pa.Table.from_pylist(rows))
    expected = {"lesion.fovea_less_equal_area": 67.0, "lesion.fovea_4px_less_equal_area": 29.0}
    cells = {"lesion.fovea_less_equal_cells": -20.0, "lesion.fovea_4px_less_equal_cells": -20.0}
    assert values == expected | (cells if with_cells else {})
