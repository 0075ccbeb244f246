"""A run is finished up to a stage if that stage is, with the present settings."""

from dataclasses import replace
from typing import get_args

import pytest

from lp_core.storage import Storage
from tests.workflows.finished_run import finish_on_paper
from workflows.stages import StageGraph
from workflows.until import Until, is_finished

LATER = {
    "evaluate": ["stages/compare.json"],
    "scan": ["log_polar/stages/scan.json"],
    "visualize": ["log_polar/stages/visualize.json"],
    "measure": ["stages/measure.json"],
    "report": ["stages/report.json"],
}


@pytest.mark.parametrize("until", get_args(Until))
def test_a_run_is_finished_until_the_stage_that_is_missing(tmp_path, small_recipe, until):
    run = Storage.at(tmp_path)
    graph = finish_on_paper(small_recipe, run)
    assert is_finished(graph, until)
    for name in LATER[until]:
        run.remove(name)
    for stage in get_args(Until):
        missing_or_later = get_args(Until).index(stage) >= get_args(Until).index(until)
        if stage == until or not missing_or_later:
            assert is_finished(graph, stage) is not missing_or_later


def test_one_view_needs_no_comparison(tmp_path, small_recipe):
    run = Storage.at(tmp_path)
    finish_on_paper(small_recipe, run)
    run.remove("stages/compare.json")
    one = replace(small_recipe, views=("cartesian",))
    assert is_finished(StageGraph(one, run), "evaluate")
    assert not is_finished(StageGraph(small_recipe, run), "evaluate")
