"""The whole chain as a user runs it: subprocesses, real Ray, a real (small) data set; killed and started again."""

import html
import json
import re
import shlex
import shutil
import time
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from lp_core.network.layers import conv_channels
from lp_core.storage import Storage
from tests.workflows.commands import PATIENCE_SECONDS, SETTINGS, content, finish, head, held, kill, start
from workflows.config import stored_recipe
from workflows.stage_parts import WRITES
from workflows.stages import StageGraph

pytestmark = pytest.mark.ray

EVERYTHING = ["--train.keep-weights-every-epochs", "1", "--scan.checkpoints", "all", "--scan.maxima", "always"]
EVERYTHING += ["--visualize.random-weights"]
"""All that a scan and the features can be asked for."""
SCANNED = ["exemplars.parquet", "channels.parquet", "maxima.npy", "maxima_images.parquet", "lower_exemplars.parquet"]
SCANNED += [f"history/epoch_001/{name}" for name in SCANNED] + ["history/changes.parquet"]
"""What it then writes that must not depend on how its work was divided."""


@pytest.fixture(scope="module")
def run(tmp_path_factory, toy_folder) -> Path:
    folder = tmp_path_factory.mktemp("chain") / "run"
    finish(start("run", folder, *SETTINGS, *EVERYTHING, "--data.path", toy_folder))
    return folder


def test_the_run_folder_keeps_the_contract(run):
    channels = conv_channels(0.0625)
    assert (run / "config.json").exists()
    assert (run / "report" / "index.html").exists()
    for view in ("cartesian", "log_polar"):
        evaluation = json.loads((run / view / "evaluation.json").read_text())
        assert evaluation["images"] == 60
        images = pq.read_table(run / view / "predictions.parquet")
        assert len(set(images["image_id"].to_pylist())) == 60
        assert 100 * sum(rank == 0 for rank in images["rank"].to_pylist()) / 60 == evaluation["top1"]
        assert sum(pq.read_table(run / view / "classes.parquet")["images"].to_pylist()) == 60
        low, high = evaluation["top1_ci95"]
        assert low <= evaluation["top1"] <= high
        lines = [json.loads(line) for line in (run / view / "metrics.jsonl").read_text().splitlines()]
        trained = [line for line in lines if "loss" in line]
        assert [line["step"] for line in trained] == list(range(1, 21))
        assert {"epoch", "learning_rate", "images_per_s"} <= set(trained[0])
        assert [line["step"] for line in lines if "validation_top1" in line] == [20]
        table = pq.read_table(run / view / "exemplars.parquet")
        assert len(table) == 9 * sum(channels.values())
        assert {b"weights", b"dataset", b"transform"} <= set(table.schema.metadata)
        panels = {path.parent.name for path in (run / view / "panels").rglob("*.png")}
        assert panels == set(channels)
        assert len(list((run / view / "panels" / "conv5_2").iterdir())) == 2
        assert (run / view / "weights.safetensors").exists()


def test_stages_write_what_the_graph_says(run):
    graph = StageGraph(stored_recipe(Storage.at(run)), Storage.at(run))
    stages = [graph.report(), graph.compare(), graph.measure()]
    for view in ("cartesian", "log_polar"):
        stages += [graph.train(view), graph.evaluate(view), *graph.scans(view).values()]
        stages += [graph.changes(view), graph.visualize(view), graph.scan(view, control="phase-scrambled")]
    left = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()} - {"config.json"}
    for stage in stages:
        folder = Path(stage.folder.uri).relative_to(run)
        of_maxima = ("maxima.npy", "maxima_images.parquet", "lower_exemplars.parquet")
        names = [name for name in WRITES[stage.name] if "controls" not in folder.parts or name not in of_maxima]
        for name in (*names, f"stages/{stage.name}.json"):
            pattern = (folder / name).as_posix() + "/*" * name.endswith("/")
            written = {file for file in left if fnmatch(file, pattern)}
            assert written, f"{stage.title} wrote no {name}"
            left -= {file for file in written if not fnmatch(file, "*/history/epoch_*/*") or stage.name == "scan"}
    assert left == set()


def test_scans_of_two_epochs_and_the_maxima_of_all_images(run):
    view = run / "log_polar"
    assert not list(view.rglob("scan/*"))
    early, late = (pq.read_table(view / name) for name in ("history/epoch_001/exemplars.parquet", "exemplars.parquet"))
    assert early.schema.names == late.schema.names
    assert early.schema.metadata[b"weights"] != late.schema.metadata[b"weights"]
    assert early["row"] != late["row"]
    changes = pq.read_table(view / "history" / "changes.parquet").to_pandas()
    assert changes.groupby("epoch").size().to_dict() == dict.fromkeys((0, 1, 2), len(late) // 9)
    assert (changes.query("epoch == 2")["shared_with_last"] == changes.query("epoch == 2")["images"]).all()
    images = pq.read_table(view / "maxima_images.parquet").to_pandas()
    maxima_NC = np.load(view / "maxima.npy", mmap_mode="r")
    assert maxima_NC.dtype == np.float16
    assert maxima_NC.shape == (60, len(late) // 9) == (len(images), len(late) // 9)
    nine = late.to_pandas().dropna(subset="row").reset_index()
    place = images.set_index("row")["image_id"].index.get_indexer(nine["row"].astype(int))
    found = maxima_NC[place, nine["index"] // 9]
    np.testing.assert_array_equal(found, nine["activation"].to_numpy().astype(np.float16))
    assert (images["image_id"].to_numpy()[place] == nine["image_id"]).all()


def test_receptive_fields_on_fill_and_fovea_are_flagged(run):
    table = pq.read_table(run / "log_polar" / "exemplars.parquet").to_pandas().dropna(subset="row")
    assert {"padding_share", "fill_share", "fovea_share"} <= set(table)
    assert table["fill_share"].between(0, 1).all()
    assert (table["fovea_share"] > 0).any()
    deep = table[table["layer"] == "conv1_1"]
    assert (deep[deep["fovea_share"] == 1]["rf_right"] <= 31).all()


def test_the_two_views_are_compared_on_the_same_images(run):
    found = json.loads((run / "comparison.json").read_text())
    top1 = [json.loads((run / view / "evaluation.json").read_text())["top1"] for view in ("cartesian", "log_polar")]
    assert found["top1"]["difference"] == pytest.approx(top1[0] - top1[1])
    assert sum(found["top1"][name] for name in ("both", "only_a", "only_b", "neither")) == found["images"] == 60


def test_training_and_evaluation_agree(run):
    for view in ("cartesian", "log_polar"):
        evaluation = json.loads((run / view / "evaluation.json").read_text())
        last = json.loads((run / view / "metrics.jsonl").read_text().splitlines()[-1])
        assert last["validation_top1"] == pytest.approx(evaluation["top1"])
        assert last["validation_loss"] == pytest.approx(evaluation["loss"], rel=1e-4)


def test_a_finished_run_is_left_alone(run):
    before = content(run)
    began = time.monotonic()
    output = finish(start("run", run))
    assert content(run) == before
    assert "starting Ray" not in output
    assert time.monotonic() - began < 60


@pytest.fixture
def cluster():
    with head("--include-dashboard=false") as found:
        yield found.address


@pytest.mark.slow  # test_last_settings.py does the same without a cluster
def test_the_printed_command_makes_the_run_again_on_a_cluster(run, tmp_path, cluster):
    page = (run / "report" / "index.html").read_text()
    (line,) = html.unescape(re.search(r'<pre id="command"[^>]*><code>(.*?)</code>', page, re.S).group(1)).splitlines()
    program, verb, *words = shlex.split(line)
    assert (program, verb) == ("logpolar", "run")
    at = words.index("--run")
    assert words[at + 1] == "RUN"
    del words[at : at + 2]
    again = tmp_path / "again"
    assert "connecting to Ray" in finish(start(verb, again, *words, "--address", cluster))
    manifests = sorted(path.relative_to(run) for path in run.rglob("stages/*.json"))
    # Comparison, measures and report; of each view also the changes and the scans of two epochs and a control.
    assert len(manifests) == 3 + 2 * 8
    for name in manifests:
        one, other = (json.loads((place / name).read_text()) for place in (run, again))
        assert one["fingerprint"] == other["fingerprint"], name
    for view in ("cartesian", "log_polar"):
        for name in ("weights.safetensors", "evaluation.json", *SCANNED):
            assert (again / view / name).read_bytes() == (run / view / name).read_bytes(), name


def test_other_settings_are_refused(run):
    process = start("run", run, "--train.epochs", "3")
    output = process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert process.returncode == 1
    assert "train.epochs: 2 -> 3" in output
    assert "Traceback" not in output


def test_verify_agrees_and_finds_the_smallest_lie(run, tmp_path):
    output = finish(start("verify", run, "--views", "log_polar"))
    for name in ("log_polar epoch 1", "log_polar"):
        assert re.search(
            rf"verify {name}: \d+ exemplars agree with a brute force search of 60 images bit for bit", output
        )
    lie = tmp_path / "lie"
    shutil.copytree(run, lie)
    file = lie / "log_polar" / "exemplars.parquet"
    table = pq.read_table(file)
    activation = table["activation"].to_numpy().copy()
    activation[700] = np.nextafter(activation[700], np.float32(9))
    place = table.schema.get_field_index("activation")
    pq.write_table(table.set_column(place, table.schema.field(place), pa.array(activation)), file)
    (lie / "log_polar" / "places.npz").write_bytes(b"")
    process = start("verify", lie, "--views", "log_polar")
    output = process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert process.returncode == 1
    layer, channel, rank = (table[name][700].as_py() for name in ("layer", "channel", "rank"))
    assert re.search(rf"{layer}/{channel} rank {rank}: activation .* is recorded for row", output)
    for name in ("exemplars.parquet", "places.npz"):
        assert f"{name} has changed since the scan wrote it" in output
    assert "places.npz: damaged result of a scan (EOFError)" in output
    assert "view log_polar: 4 differences" in output


@pytest.mark.slow
def test_weights_from_elsewhere_are_measured_without_a_training(run, tmp_path, toy_folder):
    # As the original authors saved them: DataParallel around `features`, inside a checkpoint.
    state = load_file(run / "cartesian" / "weights.safetensors")
    state = {name.replace("features.", "features.module."): value for name, value in state.items()}
    torch.save({"epoch": 90, "state_dict": state}, tmp_path / "model_best.pth.tar")
    folder = tmp_path / "run"
    options = [*SETTINGS, "--data.path", toy_folder, "--views", "cartesian"]
    finish(start("evaluate", folder, *options, "--weights", str(tmp_path / "model_best.pth.tar")))
    for name in ("weights.safetensors", "evaluation.json"):
        assert (folder / "cartesian" / name).read_bytes() == (run / "cartesian" / name).read_bytes(), name
    finish(start("scan", folder))
    finish(start("visualize", folder))
    finish(start("report", folder))
    assert (folder / "report" / "index.html").exists()


def test_killed_in_training_and_in_the_scan_it_ends_with_the_same_bytes(run, tmp_path, toy_folder):
    folder = tmp_path / "run"
    options = [*SETTINGS, *EVERYTHING, "--scan.piece-rows", "2", "--data.path", toy_folder]
    first = start("run", folder, *options)
    checkpoints = folder / "cartesian" / "checkpoints"
    with held(first, "RayTrainWorker", first, lambda: len(list(checkpoints.glob("step-*.json"))) >= 2):
        kill(first)
    assert not (folder / "cartesian" / "stages" / "train.json").exists()
    second = start("run", folder)
    with held(second, "scan_rows", second, lambda: len(list((folder / "cartesian" / "scan").glob("*.npz"))) >= 3):
        kill(second)
    assert not (folder / "cartesian" / "stages" / "scan.json").exists()
    finish(start("run", folder, "--until", "scan"))
    for view in ("cartesian", "log_polar"):
        lines, expected = (
            [json.loads(line) for line in (path / view / "metrics.jsonl").read_text().splitlines()]
            for path in (folder, run)
        )
        losses = [[line["loss"] for line in some if "loss" in line] for some in (lines, expected)]
        assert [line["step"] for line in lines if "loss" in line] == list(range(1, 21))
        assert losses[0] == losses[1]
        for name in ("weights.safetensors", *SCANNED):
            assert (folder / view / name).read_bytes() == (run / view / name).read_bytes(), name
        measured = [json.loads((path / view / "evaluation.json").read_text())["loss"] for path in (folder, run)]
        assert measured[0] == pytest.approx(measured[1], rel=1e-12)  # pieces of other lengths add up in another order
    assert not list((folder / "cartesian").rglob("scan/*"))


@pytest.mark.slow  # test_learner_workers.py does the same without Ray
def test_two_workers_learn_from_the_same_rows(run, tmp_path, toy_folder):
    folder = tmp_path / "run"
    finish(start("train", folder, *SETTINGS, "--data.path", toy_folder, "--views", "cartesian", "--train.workers", "2"))
    one, two = (
        [json.loads(line) for line in (path / "cartesian" / "metrics.jsonl").read_text().splitlines()]
        for path in (run, folder)
    )
    losses = [[line["loss"] for line in lines if "loss" in line] for lines in (one, two)]
    assert len(losses[1]) == 20
    # Only the order in which sums are rounded differs, which training enlarges.
    assert losses[1] == pytest.approx(losses[0], rel=1e-2)
    assert losses[1][:5] == pytest.approx(losses[0][:5], rel=1e-4)


def test_no_cluster_at_an_address_is_told(tmp_path, toy_folder):
    process = start("train", tmp_path / "run", *SETTINGS, "--data.path", toy_folder, "--address", "127.0.0.1:1")
    output = process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert process.returncode == 1
    assert "no Ray cluster at address '127.0.0.1:1'" in output
