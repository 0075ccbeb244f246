"""A command line leads to a plan, alone or joined with an earlier one, or is refused before anything is written."""

import json
from pathlib import Path

import pytest

from lp_core.errors import DataError, SettingError
from lp_core.storage import Storage
from workflows.cli import main
from workflows.config import write_config
from workflows.recipes import demo
from workflows.sweep import write_plan
from workflows.sweep_command import SweepCommand, sweep_command


def asked(folder: Path, *words: str, recipe: str | None = "demo") -> SweepCommand:
    named = ["--recipe", recipe] if recipe else []
    return sweep_command("about", [*named, "--run", str(folder), *words])


def started(folder: Path, *words: str) -> SweepCommand:
    command = asked(folder, *words)
    write_plan(command)
    return command


def test_options_become_a_plan(tmp_path):
    words = ["--seeds", "3,5", "--vary", "view.law=monopole,opencv", "--vary=train.batch_size=32,64"]
    command = asked(tmp_path, *words, "--controls", "untrained,shuffled", "--train.epochs", "2", "--at-once", "3")
    plan = command.plan
    assert plan.seeds == (3, 5)
    assert plan.vary == {"view.law": ("monopole", "opencv"), "train.batch-size": (32, 64)}
    assert plan.controls == ("untrained", "shuffled")
    assert (plan.base.train.epochs, command.at_once, command.address) == (2, 3, None)
    assert asked(tmp_path, "--controls", "untrained", "shuffled").plan.controls == ("untrained", "shuffled")


@pytest.mark.parametrize("option", ["own-network", "init-weights"])
def test_an_empty_network_or_file_is_refused_rather_than_ignored(tmp_path, option):
    with pytest.raises(SettingError, match=f"--{option} is empty; give a value or leave it out"):
        asked(tmp_path, f"--{option}", "")


def test_the_built_in_data_set_lies_in_the_sweep_unless_another_is_given(tmp_path, monkeypatch):
    assert asked(tmp_path).plan.base.data.path == str(tmp_path / "dataset")
    assert asked(tmp_path).draws_data
    monkeypatch.chdir(tmp_path)
    given = asked(tmp_path, "--data.path", "mine")
    assert given.plan.base.data.path == str(tmp_path / "mine")
    assert not given.draws_data
    assert asked(tmp_path, recipe="imagenet").plan.base.data.path == ""


def test_the_file_names_what_was_asked_for(tmp_path):
    started(tmp_path, "--seeds", "2", "--vary", "view.law=opencv", "--controls", "shuffled", "--train.epochs", "2")
    content = json.loads((tmp_path / "sweep.json").read_text())
    assert content["recipe"] == "demo"
    assert (content["seeds"], content["vary"], content["controls"]) == ([0, 1], {"view.law": ["opencv"]}, ["shuffled"])
    assert content["overrides"] == {"data.path": str(tmp_path / "dataset"), "train.epochs": 2}
    assert {"format", "settings", "versions", "commit"} <= set(content)


def test_an_earlier_start_gives_the_defaults_and_plans_add_up(tmp_path):
    first = started(tmp_path, "--seeds", "2", "--vary", "view.law=monopole,opencv", "--train.epochs", "2")
    written = (tmp_path / "sweep.json").stat().st_mtime_ns
    again = asked(tmp_path, recipe=None)
    assert again.plan == first.plan
    write_plan(again)
    assert (tmp_path / "sweep.json").stat().st_mtime_ns == written
    more = asked(tmp_path, "--seeds", "3", "--vary", "view.law=paper-2018", "--controls", "untrained").plan
    assert (more.seeds, more.controls) == ((0, 1, 2), ("untrained",))
    assert more.vary == {"view.law": ("monopole", "opencv", "paper-2018")}
    assert more.base.train.epochs == 2
    assert asked(tmp_path, "--train.cpus-per-worker", "2").plan.base.train.cpus_per_worker == 2


@pytest.mark.parametrize(
    ("words", "earlier"),
    [
        ([], 0),
        (["--seeds", "2", "--vary", "view.law=monopole,opencv"], 0),
        (["--seeds", "3,"], 4),
        (["--vary", "view.law=opencv,paper-2018"], 2),
        (["--controls", "shuffled", "--seeds", "1,2"], 4),
    ],
)
def test_runs_of_earlier_commands_are_counted(tmp_path, words, earlier):
    """The last one asks for seeds 1 and 2 and their controls; the joined plan also has those of seed 0."""
    assert started(tmp_path, "--seeds", "2", "--vary", "view.law=monopole,opencv").earlier == 0
    assert asked(tmp_path, *words, recipe=None).earlier == earlier


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--train.epochs", "3"], "train.epochs is 3, but the folder holds a sweep with 2"),
        (["--vary", "network.width=0.5"], "network.width is varied, but the folder's sweep varies view.law"),
        (["--view.law", "opencv"], "view.law is varied and also given"),
        (["--recipe", "tiny_imagenet"], "recipe is tiny_imagenet, but the folder holds a sweep of recipe demo"),
    ],
)
def test_another_plan_is_refused_with_the_part_that_differs(tmp_path, words, says):
    started(tmp_path, "--vary", "view.law=monopole,opencv", "--train.epochs", "2")
    with pytest.raises(SettingError, match=says):
        asked(tmp_path, *words)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--seed", "3"], "--seed is given; a sweep takes --seeds"),
        (["--seed=0"], "--seed is given"),
        (["--data.shuffle-labels"], "--data.shuffle-labels is given; a sweep takes --controls shuffled"),
        (["--data.no-shuffle-labels"], "--data.shuffle-labels is given"),
        (["--seeds", "none"], "seeds is 'none'; give a number of seeds"),
        (["--at-once", "0"], "at-once is 0; give at least 1"),
        (["--vary", "view.law=a"], "view.law is a; give one of"),
        (["--vary", "view.law=opencv", "--vary", "view.law=monopole"], "--vary names view.law twice"),
        (["--vary", "view.law=opencv", "--view.law", "opencv"], "view.law is varied and also given as --view.law"),
        (["--vary", "view.foveal-scale=1,2", "--view.foveal_scale=1"], "view.foveal-scale is varied and also given"),
        (["--vary", "view.prefilter=true,false", "--view.no-prefilter"], "view.prefilter is varied and also given"),
        (["--vary", "data.lanes=8,64", "--vary", "train.batch-size=32,64"], "variant lanes=64,batch-size=32, seed 0"),
        (["--controls", "untraind"], "did you mean untrained?"),
    ],
)
def test_bad_options_are_refused_before_anything_is_written(tmp_path, capsys, words, says):
    folder = tmp_path / "sweep"
    with pytest.raises(SystemExit) as end:
        main(["sweep", "--recipe", "demo", "--run", str(folder), *words])
    assert end.value.code == 1
    assert says in capsys.readouterr().err
    assert not folder.exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "data.path is not set"),
        (["--data.path", "/nowhere"], "data.path /nowhere does not exist"),
    ],
)
def test_a_missing_data_set_is_refused_before_anything_is_written(tmp_path, capsys, words, says):
    folder = tmp_path / "sweep"
    with pytest.raises(SystemExit):
        main(["sweep", "--recipe", "tiny_imagenet", "--run", str(folder), *words])
    assert says in capsys.readouterr().err
    assert not folder.exists()


def test_a_fisheye_is_swept_until_its_evaluation_alone(tmp_path, capsys):
    folder = tmp_path / "sweep"
    words = ["--recipe", "demo", "--run", str(folder), "--vary", "view.fisheye=false,true"]
    with pytest.raises(SystemExit):
        main(["sweep", *words])
    assert "no places are measured; give --until evaluate" in capsys.readouterr().err
    assert not folder.exists()


def test_folders_of_other_things_are_refused(tmp_path):
    write_config(Storage.at(tmp_path / "run"), demo())
    with pytest.raises(SettingError, match="holds a single run; give another --run"):
        asked(tmp_path / "run")
    with pytest.raises(SettingError, match="--recipe is missing"):
        asked(tmp_path / "new", recipe=None)
    (tmp_path / "sweep.json").write_text("{}")
    with pytest.raises(DataError, match=r"sweep.json: format None"):
        asked(tmp_path)
