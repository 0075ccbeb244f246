"""Every spelling of an option means the same setting, and the defaults are those of the run or of the recipe."""

import subprocess
import sys
from pathlib import Path

import pytest

from lp_core.errors import SettingError
from lp_core.storage import Storage
from workflows.cli import main
from workflows.command_line import stage_command
from workflows.config import write_config

BOTH = ("cartesian", "log_polar")
NEW = ["--recipe", "demo", "--run", "new"]


def recipe_of(verb: str, *words: object):
    return stage_command(verb, "about", [str(word) for word in words]).recipe


@pytest.mark.parametrize(
    "words", [["both"], ["cartesian", "log_polar"], ["cartesian,log_polar"], ["log_polar", "both"]]
)
def test_views_may_be_separated_by_commas(words, capsys):
    if words == ["log_polar", "both"]:
        with pytest.raises(SystemExit) as end:
            recipe_of("train", *NEW, "--views", *words)
        assert end.value.code == 2
        assert "no view" in capsys.readouterr().err
    else:
        assert recipe_of("train", *NEW, "--views", *words).views == BOTH


@pytest.mark.parametrize(
    ("verb", "option"),
    [
        *[("train", option) for option in ("own-network", "init-weights")],
        *[("run", option) for option in ("own-network", "init-weights", "weights")],
        ("scan", "weights"),
        ("scan", "own-network"),
    ],
)
def test_an_empty_network_or_file_is_refused_rather_than_ignored(verb, option):
    with pytest.raises(SettingError, match=f"--{option} is empty; give a value or leave it out"):
        recipe_of(verb, *NEW, f"--{option}", "")


@pytest.mark.parametrize("verb", ["run", "visualize"])
@pytest.mark.parametrize("words", [["conv1_1,conv2_2"], ["conv1_1", "conv2_2"]])
def test_layers_may_be_separated_by_commas(verb, words):
    assert recipe_of(verb, *NEW, "--visualize.layers", *words).visualize.layers == ("conv1_1", "conv2_2")


def test_options_need_no_prefix_in_their_own_verb(capsys):
    words = ["--layers", "conv1_1,conv2_2", "--channels=3,17", "--rule", "gradient", "--few", "0", "--format=webp"]
    long = [word.replace("--", "--visualize.") for word in words]
    assert recipe_of("visualize", *NEW, *words) == recipe_of("visualize", *NEW, *long) == recipe_of("run", *NEW, *long)
    with pytest.raises(SystemExit) as end:
        recipe_of("run", *NEW, "--rule", "gradient")
    assert end.value.code == 2
    assert "--visualize.rule" in capsys.readouterr().err


def test_the_last_of_repeated_options_counts(tmp_path):
    words = ["--run", "first", "--recipe", "imagenet", "--train.epochs", "3", "--views", "cartesian", "--run=" + "last"]
    words += ["--recipe", "demo", "--train.epochs=4", "--views", "log_polar"]
    command = stage_command("train", "about", words)
    assert (command.recipe.name, command.run, command.recipe.train.epochs) == ("demo", Storage.at("last"), 4)
    assert command.recipe.views == ("log_polar",)


def test_a_run_gives_the_defaults(tmp_path, small_recipe):
    run = Storage.at(tmp_path)
    write_config(run, small_recipe)
    assert recipe_of("report", "--run", tmp_path) == small_recipe
    assert recipe_of("report", "--scan.piece-rows", "7", "--run", tmp_path, "--recipe", "demo").scan.piece_rows == 7
    with pytest.raises(SettingError, match="was started from recipe demo, not imagenet"):
        recipe_of("report", "--run", tmp_path, "--recipe", "imagenet")


def test_help_shows_the_values_of_the_run(tmp_path, small_recipe, capsys):
    write_config(Storage.at(tmp_path), small_recipe)
    with pytest.raises(SystemExit) as end:
        recipe_of("train", "--run", tmp_path, "--help")
    assert end.value.code == 0
    assert f"(default: {small_recipe.train.batch_size})" in capsys.readouterr().out


def test_verify_takes_its_run_by_place_or_by_name(tmp_path, small_recipe):
    write_config(Storage.at(tmp_path), small_recipe)
    by_place = stage_command("verify", "about", [str(tmp_path), "--scan.piece-rows", "7"])
    assert by_place == stage_command("verify", "about", ["--run", str(tmp_path), "--scan.piece-rows", "7"])
    with pytest.raises(SettingError, match="verify takes one run"):
        stage_command("verify", "about", [str(tmp_path), "other"])


def test_visualize_takes_a_figure_by_place():
    assert stage_command("visualize", "about", ["figure-2", *NEW]).figure == "figure-2"
    assert stage_command("visualize", "about", [*NEW, "figure-2"]).figure == "figure-2"
    assert stage_command("visualize", "about", NEW).figure is None


def test_a_demo_has_a_run_of_its_own():
    assert stage_command("demo", "about", []).run == Storage.at("runs/demo")
    assert stage_command("demo", "about", ["--run", "other"]).run == Storage.at("other")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["trian"], 2, "did you mean train?"),
        (["train", *NEW, "--train.epoch", "2"], 2, "--train.epochs"),
        (["train", *NEW, "--views", "polar"], 2, "--views"),
        (["train", *NEW, "--train.epochs", "many"], 2, "--train.epochs"),
        (["train", *NEW, "--train.epochs"], 2, "--train.epochs"),
        (["train", "--recipe", "demo"], 2, "--run"),
        (["submit", "bench", "--run", "/r"], 2, "demo"),
        (["train", *NEW, "--train.epochs", "0"], 2, "train.epochs is 0"),
        (["visualize", "figure3", *NEW], 1, "did you mean figure-3?"),
        (["train", *NEW, "--data.path", "/nowhere"], 1, "data.path /nowhere does not exist"),
        (["submit", "train"], 1, "--run is missing"),
    ],
)
@pytest.mark.parametrize("columns", [20, 80])
def test_exit_codes_and_hints(words, code, says, columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == code
    shown = capsys.readouterr().err
    assert "".join(says.split()) in "".join(shown.replace("│", "").split())


def test_the_overview_needs_nothing_that_is_slow_to_import():
    code = "import sys; from workflows.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "print('imported:', *{'torch', 'numpy', 'pyarrow', 'cv2', 'ray', 'tyro'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "imported:"
