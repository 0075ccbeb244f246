"""`look` maps photographs with trained networks or a weights file, names what it cannot use, and needs no Ray."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from lp_core.dataset.folder import DatasetFolder
from lp_core.network.initialization import initialize
from lp_core.network.vgg16 import VGG16
from lp_core.run.weights import load_network, weights_bytes
from lp_core.storage import Storage
from lp_core.toy.data_set import draw, encode
from tests.lp_core.dataset.test_boxes import xml
from workflows.cli import main
from workflows.session import Session
from workflows.weights import import_weights

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path, small_recipe) -> str:
    """A run with networks of both views."""
    torch.set_num_threads(1)
    folder = tmp_path / "run"
    for seed, view in enumerate(("cartesian", "log_polar")):
        network = initialize(VGG16(12, small_recipe.network, view), "variance-preserving", seed)
        (tmp_path / f"{view}.safetensors").write_bytes(weights_bytes(network))
        session = Session(replace(small_recipe, views=(view,)), Storage.at(folder))
        import_weights(session, str(tmp_path / f"{view}.safetensors"))
    return str(folder)


@pytest.fixture
def names(small_recipe) -> list[str]:
    return DatasetFolder.open(small_recipe.data.path).class_names


@pytest.fixture
def photographs(tmp_path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(encode(draw(0, "validation", number)[0]))
    return folder


def look(*words: object) -> None:
    main(["look", *map(str, words), "--grid", "3"])


def failed(capsys, *words: object) -> str:
    with pytest.raises(SystemExit) as end:
        look(*words)
    assert end.value.code != 0
    message = capsys.readouterr().err
    assert "Traceback" not in message
    assert len(message.splitlines()) == 1 or end.value.code == 2
    return message


def test_both_views_look_side_by_side(run, photographs, names, capsys):
    look(photographs / "0.jpg", "--run", run)
    shown = capsys.readouterr().out
    assert re.search(r"0\.jpg \(\d+ x \d+ px\): .*, the most likely class at the centre", shown)
    for view in ("ordinary view", "log-polar view"):
        assert re.search(rf"  {view}, (crop|gaze) moves: centre 0\.\d+, best 0\.\d+ at ", shown)
    assert shown.count("top 5 at centre: ") == shown.count("top 5 at best: ") == 2
    assert all(len(line.split(", ")) == 5 for line in shown.splitlines() if "top 5" in line)
    assert len(re.findall(r"a plain photograph of its mean colour: [\d.e-]+ at best, [\d.e-]+ at centre", shown)) == 2
    drawn = cv2.imread(str(photographs / "0.jpg.look.png"))
    look(photographs / "0.jpg", "--run", run, "--views", "log_polar", "--out", photographs / "one.png")
    assert cv2.imread(str(photographs / "one.png")).shape[1] < drawn.shape[1]


def test_the_centre_is_what_the_network_says_of_the_photograph(run, photographs, names, small_recipe, capsys):
    from lp_core.images.decode import decode_rgb
    from lp_core.images.network_input import network_input
    from lp_core.measures.likelihood_map import Eye
    from lp_core.network.inputs import normalized

    look(photographs / "1.jpg", "--run", run, "--views", "log_polar", "--class", names[4])
    shown = capsys.readouterr().out
    image = decode_rgb((photographs / "1.jpg").read_bytes())
    crop = Eye("log_polar", small_recipe.geometry, 1.0).crop(image)
    seen = network_input(image, crop, "log_polar", small_recipe.geometry)
    network = load_network(Storage.at(run) / "log_polar", small_recipe.network, "log_polar", 12)
    with torch.inference_mode():
        probability = network(normalized(seen[None], torch.device("cpu"))).softmax(1)[0].numpy()
    assert float(re.search(r"centre ([\d.e-]+),", shown)[1]) == pytest.approx(probability[4], rel=2e-2)
    assert f"top 5 at centre: {names[int(probability.argmax())]} " in shown


def test_a_weights_file_looks_as_the_run_that_imported_it(run, photographs, small_recipe, tmp_path, capsys):
    look(photographs / "0.jpg", "--run", run, "--views", "log_polar", "--out", tmp_path / "a.png")
    first = capsys.readouterr().out.replace("a.png", "")
    settings = ["--recipe", "demo", "--view.size", "32", "--network.angle-padding", "zeros"]
    look(
        *(photographs / "0.jpg", "--weights", tmp_path / "log_polar.safetensors", "--views", "log_polar"),
        *(*settings, "--data.path", small_recipe.data.path, "--out", tmp_path / "b.png"),
    )
    second = capsys.readouterr().out.replace("b.png", "")
    assert [line for line in first.splitlines() if "fixations" not in line] == [
        line for line in second.splitlines() if "fixations" not in line
    ]
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    look(photographs / "0.jpg", "--weights", tmp_path / "log_polar.safetensors", "--views", "log_polar", *settings)
    assert "class 1" in capsys.readouterr().out  # without a data set, classes have numbers


def test_a_weights_file_tells_its_depth(photographs, small_recipe, tmp_path, capsys):
    settings = replace(small_recipe.network, depth=11)
    network = initialize(VGG16(7, settings, "cartesian"), "variance-preserving", 0)
    (tmp_path / "vgg11.safetensors").write_bytes(weights_bytes(network))
    look(
        *(photographs / "0.jpg", "--weights", tmp_path / "vgg11.safetensors", "--views", "cartesian"),
        *("--recipe", "demo", "--view.size", "32"),
    )
    assert "class " in capsys.readouterr().out
    assert (photographs / "0.jpg.look.png").exists()


def test_a_folder_is_looked_at_twice_without_its_drawings(run, photographs, capsys):
    (photographs / "notes.txt").write_text("no picture")
    for _ in (1, 2):
        look(photographs, "--run", run, "--views", "log_polar")
        shown = capsys.readouterr().out
        assert shown.count("drawn: ") == 3
        assert "1 other files in the folders are not named as pictures" in shown
    assert len(list(photographs.glob("*.look.png"))) == 3


def test_a_folder_names_the_class(run, photographs, names, capsys):
    (photographs / names[3]).mkdir()
    (photographs / "0.jpg").rename(photographs / names[3] / "0.jpg")
    look(photographs, "--run", run, "--views", "log_polar", "--out", photographs / "drawn")
    shown = capsys.readouterr().out
    assert f": {names[3]}, by its folder or name" in shown
    assert (photographs / "drawn" / names[3] / "0.jpg.look.png").exists()


def test_pictures_that_are_none_are_named_and_the_others_drawn(run, photographs, capsys):
    (photographs / "1.jpg").write_text("this is no picture")
    message = failed(capsys, photographs, "--run", run, "--views", "log_polar")
    assert "1 of 3 photographs were left out; the first: " in message
    assert "1.jpg: not an image" in message
    assert len(list(photographs.glob("*.look.png"))) == 2


def test_pointing_accuracy_is_counted_and_the_counts_add_up(run, photographs, names, tmp_path, capsys):
    boxes = tmp_path / "boxes"
    boxes.mkdir()
    height, width = cv2.imread(str(photographs / "0.jpg")).shape[:2]
    size = f"<width>{width}</width><height>{height}</height>"
    whole = f"<bndbox><xmin>0</xmin><ymin>0</ymin><xmax>{width}</xmax><ymax>{height}</ymax></bndbox>"
    (boxes / "0.xml").write_bytes(xml(f"<object><name>{names[2]}</name>{whole}</object>", size))
    (boxes / "1.xml").write_bytes(xml("<object><name>unicorn</name>" + whole + "</object>", size))
    look(photographs, "--run", run, "--boxes", boxes)
    shown = capsys.readouterr().out
    assert f"{names[2]}, by its boxes" in shown
    assert "boxes: 1 of 3 photographs, 1 with no annotation, 1 with no box of its class" in shown
    assert shown.count("most likely fixation          1.000 (0.207 to 1.000)") == 2
    (boxes / "2.xml").write_text("<!DOCTYPE a><annotation/>")
    message = failed(capsys, photographs, "--run", run, "--boxes", boxes)
    assert "2.xml: declares a document type" in message


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["{p}/0.jpg"], "look needs networks: give either --run RUN or --weights FILE"),
        (["--run", "{r}"], "look needs a photograph"),
        (["{p}/0.jpg", "--run", "{r}", "--weights", "x"], "look needs networks: give either"),
        (["{p}/0.jpg", "--run", "{p}"], "holds no run"),
        (["{p}/nothing.jpg", "--run", "{r}"], "nothing.jpg does not exist"),
        (["{p}/0.jpg", "--run", "{r}", "--class", "spirl"], "is none of the network's; "),
        (["{p}/0.jpg", "--run", "{r}", "--grid", "4"], "grid is 4; give an odd number, 3 to 51"),
        (["{p}/0.jpg", "--run", "{r}", "--boxes", "{p}/none"], "--boxes "),
        (["{p}/0.jpg", "{p}/1.jpg", "--run", "{r}", "--out", "{p}/x.png"], "is one picture, there are 2 photographs"),
        (["{p}/0.jpg", "--run", "{r}", "--out", "{p}/0.jpg/x"], "cannot be made"),
        (["{p}/0.png", "--run", "{r}", "--out", "{p}/0.png"], "is a photograph to look at"),
        (["{p}/empty", "--run", "{r}"], "holds no pictures"),
        (["{p}/0.jpg", "{p}/same/0.jpg", "--run", "{r}", "--out", "{p}/out"], "would be drawn of 2 photographs"),
        (["{p}/0.jpg", "--weights", "{p}/0.jpg"], "--weights is for one view"),
        (["{p}/0.jpg", "--weights", "{p}/0.jpg", "--views", "log_polar"], "--weights "),
        (
            [
                *("{p}/0.jpg", "--weights", "x", "--views", "cartesian"),
                *("--network.modules", "a Flatten; b Linear 3 2", "--network.angle-padding", "zeros"),
            ],
            "look takes a network of your own from its run; give --run",
        ),
        (["{p}/0.jpg", "--run", "{r}", "--recipe", "imagenet"], "--recipe goes with --weights"),
        (["{p}/0.jpg", "--run", "{r}", "--data.path", "{p}"], "is not a finished data set folder"),
        (["{p}/0.jpg", "--run", "{r}", "--viws", "x"], "--views"),
    ],
)
def test_mistakes_are_told_in_a_line(run, photographs, capsys, words, says):
    (photographs / "empty").mkdir()
    (photographs / "same").mkdir()
    (photographs / "same" / "0.jpg").write_bytes((photographs / "0.jpg").read_bytes())
    cv2.imwrite(str(photographs / "0.png"), np.zeros((40, 40, 3), np.uint8))
    filled = [word.format(p=photographs, r=run) for word in words]
    with pytest.raises(SystemExit) as end:
        main(["look", *filled])
    assert end.value.code != 0
    message = capsys.readouterr().err
    assert says in message
    assert "Traceback" not in message


def test_an_untrained_run_is_refused(tmp_path, small_recipe, photographs, capsys):
    Session(small_recipe, Storage.at(tmp_path / "new")).write_config()
    message = failed(capsys, photographs / "0.jpg", "--run", tmp_path / "new")
    assert "holds no finished training of view cartesian; run `logpolar train" in message


def test_settings_that_the_networks_were_not_trained_with_are_refused(tmp_path, small_recipe, photographs, capsys):
    from workflows.stages import StageGraph

    session = Session(small_recipe, Storage.at(tmp_path / "run"))
    session.write_config()
    for view in small_recipe.views:
        StageGraph(small_recipe, session.run).train(view).finish(1.0, weights="w")
    message = failed(capsys, photographs / "0.jpg", "--run", tmp_path / "run", "--view.law", "opencv")
    assert "view.law monopole, now opencv" in message


def test_no_ray_is_imported(run, photographs):
    code = (
        "import sys; from workflows.cli import main; "
        f"main(['look', {str(photographs / '0.jpg')!r}, '--run', {run!r}, '--grid', '3']); "
        "sys.exit('ray' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
