"""A recipe of a user's own is named MODULE:FUNCTION, kept by that name, and blamed by file and line."""

import subprocess
import sys
from pathlib import Path

import pytest

from lp_core.errors import SettingError
from lp_core.settings import Recipe
from lp_core.storage import Storage
from workflows import submit
from workflows.command_line import stage_command
from workflows.config import stored_recipe, write_config
from workflows.imported_recipe import recipe_source
from workflows.recipes import recipe
from workflows.repeat import commands

MINE = """
from dataclasses import replace
from lp_core.settings import Recipe, TrainSettings
from workflows.recipes import demo

def small():
    return replace(demo(), name="any", train=replace(demo().train, epochs=2))

def impossible():
    return Recipe(
        name="any",
        train=TrainSettings(epochs=0),
    )

def broken():
    return 1 / 0

def number():
    return 7

constant = 7
"""
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A current folder with modules and a package of a user; they are forgotten again."""
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan" / "__init__.py").write_text("")
    (tmp_path / "plan" / "nets.py").write_text(MINE)
    (tmp_path / "unfinished.py").write_text("x = (\n")
    (tmp_path / "needy.py").write_text("\nimport no_such_library\n")
    (tmp_path / "rude.py").write_text("\n\nraise RuntimeError('no\\nthanks')\n")
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize("name", ["mine:small", "plan.nets:small"])
def test_a_function_of_the_current_folder_is_a_recipe_of_its_name(folder, name):
    made = recipe(name)
    assert (made.name, made.train.epochs) == (name, 2)
    assert str(folder) not in sys.path


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("absent:small", "no module absent in the current folder"),
        ("plan.absent:small", "no module plan.absent in the current folder"),
        ("mine.py:small", "on PYTHONPATH; give mine:small"),
        ("mine:smal", "mine.py has no function smal; did you mean small?"),
        ("mine:constant", "mine.py has no function constant"),
        ("mine:number", "the function returns a int, not a lp_core.settings.Recipe"),
        ("mine:broken", "mine.py, line 16: ZeroDivisionError: division by zero"),
        ("mine:impossible", "mine.py, line 12: train.epochs is 0; give at least 1"),
        ("unfinished:small", "unfinished.py, line 1: SyntaxError: '(' was never closed"),
        ("needy:small", "needy.py, line 2: ModuleNotFoundError: No module named 'no_such_library'"),
        ("rude:small", "rude.py, line 3: RuntimeError: no thanks"),
        ("mine:", "give MODULE:FUNCTION, such as my_recipes:small"),
        (":small", "give MODULE:FUNCTION"),
        ("a/b.py:small", "give MODULE:FUNCTION"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(folder, name, says):
    with pytest.raises(SettingError) as error:
        recipe(name)
    assert str(error.value).startswith(f"recipe {name}: ")
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_run_keeps_the_name_and_prints_it(folder):
    command = stage_command("train", "about", ["--recipe", "mine:small", "--run", "R", "--train.epochs", "5"])
    run = Storage.at("R")
    write_config(run, command.recipe)
    assert stored_recipe(run) == command.recipe
    assert commands(command.recipe, {}) == "logpolar run --recipe mine:small --run RUN --train.epochs 5"
    again = stage_command("train", "about", ["--run", "R"])
    assert again.recipe == command.recipe


def test_a_run_whose_recipe_is_gone_still_works_and_prints_every_setting(folder, monkeypatch):
    write_config(Storage.at("R"), recipe("mine:small"))
    (folder / "mine.py").unlink()
    del sys.modules["mine"]
    made = stage_command("train", "about", ["--run", "R"]).recipe
    assert made.train.epochs == 2
    printed = commands(made, {})
    assert "--recipe mine:small" in printed
    assert "--train.epochs 2" in printed
    assert f"--scan.batch-size {Recipe(name='any').scan.batch_size}" in printed


@pytest.mark.parametrize(("name", "sent"), [("mine:small", "mine.py"), ("plan.nets:small", "plan")])
def test_a_job_takes_the_users_file_along(folder, name, sent, monkeypatch):
    assert recipe_source(name) == folder / sent
    asked = []
    monkeypatch.setattr(submit, "submit", lambda *arguments: asked.append(arguments))
    words = ["train", "--views", "both", "--run", "/shared/run", "--recipe", name, "--train.epochs", "3", "--no-wait"]
    submit.submit_command("logpolar submit", [*words, "--address=http://head:8265"])
    passed = ["train", "--run", "/shared/run", "--recipe", name, "--views", "both", "--train.epochs", "3"]
    assert asked == [(passed, "/shared/run", "http://head:8265", False, [folder / sent])]


@pytest.mark.parametrize("words", [["verify", "/shared/run"], ["visualize", "figure-1", "--run", "/shared/run"]])
def test_a_job_takes_words_by_place(words, monkeypatch):
    asked = []
    monkeypatch.setattr(submit, "submit", lambda *arguments: asked.append(arguments))
    monkeypatch.delenv("RAY_API_SERVER_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_ADDRESS", "http://head:8265")
    submit.submit_command("logpolar submit", words)
    assert asked == [(words, "/shared/run", "http://head:8265", True, [])]


def test_the_installed_command_finds_the_current_folder(folder):
    script = "from logpolar_command import main; main()"  # what pip writes into bin/logpolar
    words = ["train", "--recipe", "mine:smal", "--run", "R"]
    environment = {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("logpolar: recipe mine:smal: ")
    assert "did you mean small?" in done.stderr
