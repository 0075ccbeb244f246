"""`stage` is finished only with its own inputs; other inputs are refused by the setting that differs."""

import json

import pytest

from lp_core.errors import LogpolarError
from lp_core.run.inputs import train_inputs
from lp_core.run.stage import Stage, differences, refuse_other_settings, stage_run
from lp_core.storage import Storage


@pytest.fixture
def folder(tmp_path):
    return Storage.at(tmp_path)


def test_a_stage_is_finished_only_with_its_own_inputs(folder):
    stage = Stage(folder, "scan", {"weights": "a", "sizes": (1, 2)})
    assert not stage.is_finished()
    stage.finish(1.0, images=3)
    assert stage.is_finished()
    assert Stage(folder, "scan", {"weights": "a", "sizes": (1, 2)}).is_finished()
    other = Stage(folder, "scan", {"weights": "b", "sizes": (1, 2)})
    assert not other.is_finished()
    assert [str(change) for change in other.changes()] == ["weights: a -> b"]
    assert stage.changes() == []


def test_files_that_changed_are_named(folder):
    stage = Stage(folder, "scan", {})
    assert stage.changed_files() == []
    for name in ("a", "b", "c"):
        folder.write_bytes(name, b"1")
    stage.finish(1.0, files={name: folder.checksum(name) for name in ("a", "b", "c")})
    assert stage.changed_files() == []
    folder.write_bytes("b", b"2")
    folder.remove("c")
    assert stage.changed_files() == ["b has changed since the scan wrote it", "c is missing"]


def test_a_stage_that_begins_is_unfinished_until_its_end(folder):
    stage = Stage(folder, "scan", {})
    stage.finish(1.0)
    with pytest.raises(RuntimeError), stage_run(stage):
        raise RuntimeError
    assert not stage.is_finished()


def test_another_training_is_refused_with_the_setting_that_differs(folder):
    Stage(folder, "train", {"train": {"epochs": 2}}).finish(1.0)
    with pytest.raises(LogpolarError, match=r"train\.epochs: 2 -> 3"):
        refuse_other_settings(Stage(folder, "train", {"train": {"epochs": 3}}), folder)


def test_differences_name_leaves():
    found = differences({"a": {"b": 1, "c": [1, 2]}, "d": 0}, {"a": {"b": 2.5, "c": (1, 2)}})
    assert list(map(str, found)) == ["a.b: 1 -> 2.5", "d: 0 -> None"]


def test_weights_do_not_depend_on_workers_or_place(small_recipe):
    from dataclasses import replace

    inputs = train_inputs(small_recipe, "cartesian", "f")
    json.dumps(inputs)
    moved = replace(small_recipe, train=replace(small_recipe.train, workers=2, keep_checkpoints=5))
    moved = replace(moved, data=replace(moved.data, path="/elsewhere"), geometry=replace(moved.geometry, law="opencv"))
    assert train_inputs(moved, "cartesian", "f") == inputs
    assert train_inputs(moved, "log_polar", "f") != train_inputs(small_recipe, "log_polar", "f")
