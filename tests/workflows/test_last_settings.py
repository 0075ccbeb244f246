"""`config.json` follows the last command, and nothing is shown that other settings made: commands on a small run.

The networks are random and brought by `--weights`, and pieces of work run in this process: no training, no Ray.
"""

import html
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import torch
import tyro

from lp_core.network.initialization import initialize
from lp_core.network.vgg16 import VGG16
from lp_core.run.checkpoint import Checkpoint, save_checkpoint
from lp_core.setting_names import setting_values, with_settings
from lp_core.settings import NetworkSettings
from lp_core.storage import Storage
from tasks.pieces import InProcess
from tests.workflows.finished_run import TESTS, finish_on_paper, stages_of
from tests.workflows.test_stages import NAMES, STALE, prepared
from workflows.cli import main
from workflows.command_line import WeighedOptions, as_options, recipe_of
from workflows.config import stored_recipe
from workflows.repeat import options
from workflows.session import Session
from workflows.stages import StageGraph

SMALL = [
    *("--recipe", "demo", "--view.size", "32", "--network.width", "0.0625", "--network.pool", "1"),
    *("--scan.batch-size", "8", "--visualize.few", "0", "--visualize.layers", "conv3_3"),
    *("--visualize.channels", "0,1,2,3,4,5"),
]


def work_in_this_process(patch: pytest.MonkeyPatch) -> None:
    """The command line connects to Ray alone; so the sessions that it starts are given another executor."""
    patch.setattr(Session, "executor", InProcess())


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    work_in_this_process(monkeypatch)


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("weights of mine")  # a name that a shell has to quote
    settings = NetworkSettings(width=0.0625, pool=1, dropout=0.1, angle_padding="circular")
    files = {}
    for seed, view in enumerate(("cartesian", "log_polar")):
        files[view] = str(folder / f"{view}.pth")
        torch.save(initialize(VGG16(12, settings, view), "variance-preserving", seed).state_dict(), files[view])
    return files


@pytest.fixture(scope="module")
def finished(tmp_path_factory, weights, toy_folder) -> Path:
    """A run of both views, made with the commands of a user."""
    run = tmp_path_factory.mktemp("last") / "run"
    with pytest.MonkeyPatch.context() as patch:
        work_in_this_process(patch)
        start = ["--run", str(run), *SMALL, "--data.path", toy_folder]
        for view, file in weights.items():
            main(["evaluate", *start, "--views", view, "--weights", file])
        main(["run", "--run", str(run)])
    return run


@pytest.fixture
def run(finished, tmp_path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def refused(capsys, *arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    assert end.value.code == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    return message


def page(run: Path) -> str:
    return (run / "report" / "index.html").read_text()


def shown(run: Path, field: str) -> str:
    return re.search(rf'<th scope="row">{field}</th><td>(.*?)</td>', page(run)).group(1)


def fingerprints(run: Path) -> dict[str, str]:
    place = Storage.at(run)
    every = stages_of(StageGraph(stored_recipe(place), place))
    stages = {name: stage for name, stage in every.items() if name.split()[0] not in TESTS}  # which `run` does not make
    assert all(stage.is_finished() for stage in stages.values())
    return {name: stage.fingerprint for name, stage in stages.items()}


def test_a_network_measured_otherwise_is_not_shown_beside_earlier_panels(run, capsys):
    at = ("--run", str(run))
    main(["evaluate", *at, "--data.eval-crop", "0.8"])
    assert stored_recipe(Storage.at(run)).data.eval_crop == 0.8
    capsys.readouterr()
    was = "scan of view cartesian was made with data.eval-crop 1, now 0.8; "
    assert f"{was}run `logpolar run --run {run}`" in refused(capsys, "report", *at)
    remedy = f"{was}run `logpolar scan --run {run}`"
    assert remedy in refused(capsys, "verify", *at)
    assert remedy in refused(capsys, "visualize", *at)
    assert remedy in refused(capsys, "visualize", "figure-1", *at)
    assert shown(run, "eval_crop") == "1"
    main(["run", *at])
    assert shown(run, "eval_crop") == "0.8"
    for stage in ("evaluate", "scan", "visualize"):
        manifest = json.loads((run / "cartesian" / "stages" / f"{stage}.json").read_text())
        assert manifest["settings"]["data.eval-crop"] == 0.8
    main(["verify", *at])
    main(["visualize", "figure-3", *at])


def test_a_rule_stays_the_rule(run, capsys):
    main(["visualize", "--run", str(run), "--rule", "deconvnet"])
    main(["report", "--run", str(run)])
    assert shown(run, "rule") == "deconvnet"
    capsys.readouterr()
    main(["run", "--run", str(run)])
    assert "visualize cartesian: finished before" in capsys.readouterr().out
    assert stored_recipe(Storage.at(run)).visualize.rule == "deconvnet"
    assert "--visualize.rule deconvnet" in page(run)


def test_one_view_drawn_otherwise_is_refused_with_the_setting(run, capsys):
    main(["visualize", "--run", str(run), "--rule", "gradient", "--views", "log_polar"])
    capsys.readouterr()
    message = refused(capsys, "report", "--run", str(run))
    assert "visualization of view cartesian was made with visualize.rule guided, now gradient" in message
    assert stored_recipe(Storage.at(run)).views == ("cartesian", "log_polar"), "no view was lost"


def test_what_decides_no_result_is_shown_as_it_was(run):
    before = page(run)
    main(["report", "--run", str(run), "--scan.piece-rows", "7"])
    assert page(run) == before
    (run / "stages" / "report.json").unlink()
    main(["report", "--run", str(run), "--scan.piece-rows", "7"])
    assert shown(run, "piece_rows") == "150"  # of the demo recipe


def test_another_split_last_does_not_hide_the_features_of_the_validation_split(run):
    main(["run", "--run", str(run), "--scan.split", "train", "--data.eval-crop", "0.9", "--views", "cartesian"])
    assert stored_recipe(Storage.at(run)).scan.split == "train"
    assert (run / "cartesian" / "splits" / "train" / "exemplars.parquet").exists()
    assert shown(run, "split") == "validation, train"
    assert "--scan.split train" in page(run)
    assert shown(run, "eval_crop") == "0.9"


@pytest.mark.parametrize("views", [("cartesian", "log_polar"), ("log_polar",)], ids=" ".join)
def test_the_printed_command_makes_the_run_again(run, tmp_path, monkeypatch, views, toy_folder, weights):
    if len(views) == 1:
        place = run / "of one view"
        file = weights[views[0]]
        more = ["--data.flip", "0.25", "--visualize.rule", "gradient"]
        main(
            ["run", "--run", str(place), *SMALL, *more, "--data.path", toy_folder, "--views", *views, "--weights", file]
        )
        run = place
    printed = html.unescape(re.search(r'<pre id="command"[^>]*><code>(.*?)</code>', page(run), re.S).group(1))
    assert toy_folder in printed
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for line in printed.splitlines():
        program, *words = shlex.split(line)
        assert program == "logpolar"
        main(words)
    recipes = [stored_recipe(Storage.at(place)) for place in (run, "RUN")]
    assert recipes[0] == recipes[1]
    if len(views) == 2:
        assert fingerprints(run) == fingerprints(Path("RUN"))
    reports = [json.loads((Path(place) / "stages" / "report.json").read_text()) for place in (run, "RUN")]
    assert reports[0]["fingerprint"] == reports[1]["fingerprint"]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("recipe", "data.path")])
def test_an_option_means_the_setting(name, small_recipe):
    base = prepared(small_recipe, name)
    for one, other in (
        (base, with_settings(base, {name: STALE[name][0]})),
        (with_settings(base, {name: STALE[name][0]}), base),
    ):
        words = options(other, one)
        assert words
        default = as_options(WeighedOptions, one, "R")
        parsed = recipe_of(tyro.cli(WeighedOptions, default=default, args=words))
        assert setting_values(parsed) == setting_values(other)


def test_a_refused_command_leaves_the_settings(small_recipe, tmp_path, capsys):
    run = Storage.at(tmp_path / "run")
    graph = finish_on_paper(small_recipe, run)
    before = run.read_bytes("config.json")
    at = ("--run", run.uri)
    assert "no split 'test'" in refused(capsys, "scan", *at, "--scan.split", "test")
    assert "no layer 'conv9_9'" in refused(capsys, "visualize", *at, "--layers", "conv9_9")
    assert "no layer 'conv9_9'" in refused(capsys, "run", *at, "--visualize.layers", "conv9_9")
    assert "train.epochs 2, now 9" in refused(capsys, "evaluate", *at, "--train.epochs", "9")
    assert "train.epochs: 2 -> 9" in refused(capsys, "run", *at, "--train.epochs", "9")
    for view in small_recipe.views:  # as if it had been killed
        graph.train(view).invalidate()
        facts = {"fingerprint": graph.train(view).fingerprint}
        save_checkpoint(run / view / "checkpoints", Checkpoint(3, {"x": torch.zeros(1)}, facts), keep=1)
    assert "is of a training with other settings" in refused(capsys, "train", *at, "--train.epochs", "9")
    assert run.read_bytes("config.json") == before


def test_settings_of_a_later_version_are_refused_and_earlier_ones_read(small_recipe, tmp_path, capsys):
    run = Storage.at(tmp_path)
    Session(small_recipe, run).write_config()
    content = run.read_json("config.json")
    run.write_json("config.json", content | {"format": content["format"] + 1})
    assert "config.json: format 2; this version reads format 1: update logpolar" in refused(
        capsys, "report", "--run", run.uri
    )
    del content["format"]
    run.write_json("config.json", content)
    assert stored_recipe(run) == small_recipe
