"""`cli` explains every verb, and reports bad settings and folders in one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lp_core.indexing.layouts import find
from lp_core.indexing.manifest import write_dataset_folder
from lp_core.settings import TrainSettings
from lp_core.storage import Storage
from tasks.folder_lock import locked
from workflows.cli import VERBS, main
from workflows.recipes import RECIPES

REPOSITORY = Path(__file__).parents[2]


def failed(capsys, *arguments) -> str:
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    assert end.value.code != 0
    return capsys.readouterr().err


def test_the_overview_names_every_verb(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert all(verb in shown for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb, capsys):
    with pytest.raises(SystemExit) as end:
        main([verb, "--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert f"logpolar {verb}" in shown
    if verb not in ("bench", "doctor", "index", "look", "warp", "submit"):
        assert all(option in shown for option in ("--run", "--views", "--data.path", "--train.batch-size"))


def test_the_module_is_the_same_program():
    done = subprocess.run(
        [sys.executable, "-m", "workflows", "--help"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert "usage: logpolar VERB" in done.stdout


def test_unknown_names_meet_the_nearest(capsys, tmp_path):
    assert "did you mean train?" in failed(capsys, "trian")
    assert "did you mean tiny_imagenet?" in failed(capsys, "train", "--recipe", "tiny_imagnet", "--run", tmp_path)
    message = failed(capsys, "train", "--recipe", "demo", "--run", tmp_path, "--train.epoch", "2")
    assert "--train.epochs" in message
    assert "--recipe is missing" in failed(capsys, "train", "--run", tmp_path / "new")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--train.epochs", "0"], "train.epochs is 0"),
        (["--data.path", "/nowhere/at/all"], "data.path /nowhere/at/all does not exist"),
        ([], "data.path is not set"),
        (["--views", "polar"], "views"),
    ],
)
def test_bad_settings_are_told_in_a_line(capsys, tmp_path, arguments, says):
    message = failed(capsys, "train", "--recipe", "tiny_imagenet", "--run", tmp_path, *arguments)
    assert says in message
    assert "Traceback" not in message


def test_a_folder_that_is_no_data_set_is_refused(capsys, tmp_path):
    message = failed(capsys, "train", "--recipe", "demo", "--run", tmp_path / "run", "--data.path", tmp_path)
    assert "not a finished data set folder" in message
    assert "no known layout" in failed(capsys, "index", tmp_path, tmp_path / "out")
    assert "does not exist" in failed(capsys, "index", tmp_path / "nothing", tmp_path / "out")


def test_a_run_folder_that_cannot_be_written_is_refused(capsys, tmp_path, toy_folder):
    (tmp_path / "file").write_text("")
    message = failed(capsys, "train", "--recipe", "demo", "--run", tmp_path / "file", "--data.path", toy_folder)
    assert "cannot be written" in message


def test_one_class_is_nothing_to_learn(capsys, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    from lp_core.toy.data_set import draw, encode

    images = [{"bytes": encode(draw(0, "train", row)[0]), "path": f"{row}.jpg"} for row in range(4)]
    for split in ("train", "validation"):
        pq.write_table(pa.table({"image": images, "label": [0] * 4}), tmp_path / f"{split}-00000.parquet")
    write_dataset_folder(Storage.at(tmp_path / "data"), find(Storage.at(tmp_path)))
    message = failed(capsys, "train", "--recipe", "demo", "--run", tmp_path / "run", "--data.path", tmp_path / "data")
    assert "1 class" in message


def test_another_recipes_run_is_refused(capsys, tmp_path, small_recipe, toy_folder):
    from workflows.session import Session

    Session(small_recipe, Storage.at(tmp_path)).write_config()
    assert "started from recipe demo" in failed(capsys, "train", "--recipe", "imagenet", "--run", tmp_path)
    assert "holds no finished training" in failed(capsys, "scan", "--run", tmp_path)
    assert "holds no finished training" in failed(capsys, "verify", tmp_path)
    assert "holds no finished training" in failed(capsys, "report", "--run", tmp_path)


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_say_their_command_and_are_complete(name):
    assert f"logpolar {'demo' if name == 'demo' else 'run --recipe ' + name}" in RECIPES[name].__doc__
    assert RECIPES[name]().name == name


@pytest.mark.parametrize("name", ["imagenet", "imagenet_paper"])
def test_the_imagenet_recipes_have_the_papers_schedule(name):
    train = RECIPES[name]().train
    assert (train.epochs, train.peak_learning_rate, train.momentum, train.weight_decay) == (100, 0.01, 0.9, 1e-4)
    assert (train.step_epochs, train.batch_size, train.optimizer) == (30, 256, "sgd")
    assert RECIPES[name]().network.width == 1.0
    assert isinstance(train, TrainSettings)


def test_the_papers_recipe_warps_as_the_paper_did():
    import cv2
    import numpy as np

    from lp_core.images.crop import centre_crop, resize_crop
    from lp_core.images.network_input import network_input

    chosen = RECIPES["imagenet_paper"]()
    assert chosen.network.angle_padding == "zeros"
    image = np.random.default_rng(0).integers(0, 256, (300, 260, 3), dtype=np.uint8)
    image = cv2.GaussianBlur(image, (0, 0), 3)
    crop = centre_crop(300, 260, chosen.data.eval_crop)
    found = network_input(image, crop, "log_polar", chosen.geometry).astype(int)
    # The authors' call was cv2.logPolar(image, (112, 112), 44.2244, WARP_FILL_OUTLIERS): radius exp(ring / 44.2244).
    ring, sector = np.meshgrid(np.arange(224), np.arange(224))
    radius, angle = np.exp(ring / 44.2244), 2 * np.pi * sector / 224
    xy = [(112 + radius * turn(angle)).astype(np.float32) for turn in (np.cos, np.sin)]
    expected = cv2.remap(resize_crop(image, crop, 224), *xy, cv2.INTER_LINEAR).astype(int)
    assert np.abs(found - expected).max() <= 2


def test_config_keeps_settings_versions_and_commit(tmp_path, small_recipe):
    from workflows.config import stored_recipe
    from workflows.session import Session

    run = Storage.at(tmp_path)
    Session(small_recipe, run).write_config()
    before = os.stat(tmp_path / "config.json").st_mtime_ns
    Session(small_recipe, run).write_config()
    assert os.stat(tmp_path / "config.json").st_mtime_ns == before
    assert stored_recipe(run) == small_recipe
    assert {"format", "recipe", "versions", "commit"} <= set(json.loads((tmp_path / "config.json").read_text()))


def test_warp_takes_its_pictures_by_place(tmp_path, capsys):
    import cv2
    import numpy as np

    cv2.imwrite(str(tmp_path / "in.png"), np.full((40, 60, 3), 90, np.uint8))
    main(["warp", str(tmp_path / "in.png"), str(tmp_path / "out.png"), "--law", "opencv", "--size", "64"])
    assert cv2.imread(str(tmp_path / "out.png")).shape == (64, 64, 3)
    main(["warp", str(tmp_path / "out.png"), str(tmp_path / "back.png"), "--inverse"])
    assert "in.png" in failed(capsys, "warp", tmp_path / "no" / "in.png", tmp_path / "out.png")


@pytest.mark.parametrize("verb", ["evaluate", "measure", "report", "scan", "verify", "visualize"])
def test_a_folder_that_is_no_run_is_named_as_such(verb, capsys, tmp_path):
    named = [tmp_path] if verb in ("measure", "report", "verify") else ["--run", tmp_path]
    message = failed(capsys, verb, *named)
    assert message.startswith(
        f"logpolar: {tmp_path} is no run folder: config.json is missing; name the folder of a run"
    )
    assert message.count("\n") == 1
    assert f"{tmp_path / 'x'} does not exist" in failed(capsys, verb, *named[:-1], tmp_path / "x")
    assert f"give its folder: logpolar {verb} {'--run ' * (len(named) > 1)}RUN" in failed(capsys, verb)
    (tmp_path / "sweep.json").write_text("{}")
    assert "is the folder of a sweep; name one of its runs, such as" in failed(capsys, verb, *named)
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.json"]


def test_a_folder_in_which_another_command_works_is_refused(capsys, tmp_path, toy_folder, small_recipe, monkeypatch):
    monkeypatch.setattr("tasks.folder_lock.PATIENCE_SECONDS", 0.0)
    images = tmp_path / "images"
    (images / "a").mkdir(parents=True)
    (images / "a" / "1.jpg").write_bytes(b"")
    run = tmp_path / "run"
    commands = {
        "demo": ["--run", run],
        "train": ["--run", run, "--recipe", "demo", "--data.path", toy_folder],
        "sweep": ["--run", run, "--recipe", "demo", "--data.path", toy_folder],
        "index": [images, run],
    }
    for verb, words in commands.items():
        with locked(Storage.at(run)):
            assert f"{run} is in use by another command (process " in failed(capsys, verb, *words)
            assert [path.name for path in run.iterdir()] == [".in-use"]
