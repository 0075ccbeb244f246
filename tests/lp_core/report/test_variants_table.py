"""`variants_table`: accuracies of a sweep are means over seeds, and variants are compared with the first."""

import pytest

from lp_core.measures.comparison import paired_difference
from lp_core.report.claim_words import number
from lp_core.report.variants_table import BETWEEN_VIEWS, variant_accuracies
from tests.lp_core.report.simulated import sweep_rows

VARIANTS = ("law=monopole", "law=opencv", "law=paper-2018")
LESS = "Log-polar view, less the first"


def cells(rows):
    return {row.title: row.cells for row in variant_accuracies(rows)}


def spread_rows(variants=VARIANTS, **changed):
    rows = sweep_rows(variants=variants)
    for place, row in enumerate(rows):
        row |= {"top1_log_polar": row["top1_log_polar"] - 3 - place % 5} | changed
    return rows


def test_one_variant_is_compared_between_its_views_alone():
    rows = spread_rows(("base",))
    [row] = variant_accuracies(rows)
    assert list(row.cells) == ["Ordinary view", "Log-polar view", BETWEEN_VIEWS]
    assert (row.cells["Ordinary view"].value, row.cells["Ordinary view"].interval) == ("81.0", "SD 1.0, 3 seeds")
    trained = [row for row in rows if row["control"] == "none"]
    expected = paired_difference(*([row[f"top1_{view}"] for row in trained] for view in ("log_polar", "cartesian")))
    assert row.cells[BETWEEN_VIEWS].value == number(expected.interval.estimate, 1)
    assert row.cells[BETWEEN_VIEWS].interval.startswith(number(expected.interval.low, 1))


def test_two_variants_are_paired_by_seed():
    rows = spread_rows(VARIANTS[:2])
    first, second = (
        [row["top1_log_polar"] for row in rows if row["control"] == "none" and row["variant"] == variant]
        for variant in VARIANTS[:2]
    )
    found = cells(rows)
    expected = paired_difference(second, first).interval
    assert found[VARIANTS[1]][LESS].value.lstrip("+") == number(expected.estimate, 1)
    assert f"{expected.high:+.1f}" in found[VARIANTS[1]][LESS].interval
    assert found[VARIANTS[0]][LESS].value == ""


def test_only_seeds_that_all_variants_have_are_compared():
    rows = spread_rows()
    rows = [row for row in rows if not (row["variant"] == VARIANTS[2] and row["seed"] > 0)]
    assert {found[LESS].interval for name, found in cells(rows).items() if name != VARIANTS[0]} == {"1 seed"}
    rows = [row for row in rows if not (row["variant"] == VARIANTS[0] and row["seed"] == 0)]
    assert {found[LESS].value for found in cells(rows).values()} == {"–"}


@pytest.mark.parametrize("view", ["cartesian", "log_polar"])
def test_a_view_that_was_not_trained_has_no_column(view):
    rows = [{name: value for name, value in row.items() if name != f"top1_{view}"} for row in spread_rows()]
    [headings] = {tuple(found) for found in cells(rows).values()}
    other = "Log-polar view" if view == "cartesian" else "Ordinary view"
    assert headings == (other, f"{other}, less the first")


def test_unfinished_runs_and_controls_do_not_count():
    assert variant_accuracies(spread_rows(top1_cartesian=None, top1_log_polar=None)) == []
    assert variant_accuracies([row for row in spread_rows() if row["control"] == "shuffled"]) == []
