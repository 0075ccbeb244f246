"""The whole chain as a user runs it: subprocesses, real Ray, a real (small) data set; killed and started again."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lp_core.network.vgg16 import conv_channels
from tests.conftest import FAULTY_ROWS

REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.ray

SETTINGS = [
    *("--recipe", "demo", "--view.size", "32", "--network.width", "0.0625", "--network.pool", "1"),
    *("--train.epochs", "2", "--train.batch-size", "24", "--train.precision", "fp32", "--train.deterministic"),
    *("--train.log-every-steps", "1", "--train.checkpoint-every-steps", "3", "--data.lanes", "4"),
    *("--scan.batch-size", "8", "--scan.piece-rows", "16"),
    *("--visualize.few", "1", "--visualize.channels", "random:2"),
]


def start(verb: str, run: Path, *options: str) -> subprocess.Popen:
    """A command in a process group of its own, so that it can be killed with everything it started."""
    return subprocess.Popen(
        [sys.executable, "-m", "workflows", verb, "--run", str(run), *options],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen) -> str:
    try:
        output = process.communicate(timeout=400)[0]
    finally:
        kill(process)
    assert process.returncode == 0, output
    return output


def kill(process: subprocess.Popen) -> None:
    """End a command without warning, with everything that it started: Ray's workers would finish a short training."""
    for pid in [*descendants(process.pid), process.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def descendants(pid: int) -> list[int]:
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children: dict[int, list[int]] = {}
    for line in table.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    found = list(children.get(pid, []))
    for one in found:
        found += children.get(one, [])
    return found


def wait_for(condition, process: subprocess.Popen, seconds: float = 200) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.05)


def content(run: Path) -> dict[str, str]:
    files = sorted(path for path in run.rglob("*") if path.is_file())
    return {str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def run(tmp_path_factory, toy_folder) -> Path:
    folder = tmp_path_factory.mktemp("chain") / "run"
    finish(start("run", folder, *SETTINGS, "--data.path", toy_folder))
    return folder


def test_the_run_folder_keeps_the_contract(run):
    channels = conv_channels(0.0625)
    assert (run / "config.json").exists()
    assert (run / "report" / "index.html").exists()
    for view in ("cartesian", "log_polar"):
        evaluation = json.loads((run / view / "evaluation.json").read_text())
        assert evaluation["images"] == 60
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


def test_other_settings_are_refused(run):
    process = start("run", run, "--train.epochs", "3")
    output = process.communicate(timeout=100)[0]
    assert process.returncode == 1
    assert "train.epochs: 2 -> 3" in output
    assert "Traceback" not in output


def test_verify_agrees_and_finds_the_smallest_lie(run, tmp_path):
    assert "agree with a brute force search of 60 images" in finish(start("verify", run, "--views", "log_polar"))
    lie = tmp_path / "lie"
    shutil.copytree(run, lie)
    file = lie / "log_polar" / "exemplars.parquet"
    table = pq.read_table(file)
    activation = table["activation"].to_numpy().copy()
    activation *= np.float32(1.001)
    place = table.schema.get_field_index("activation")
    pq.write_table(table.set_column(place, table.schema.field(place), pa.array(activation)), file)
    process = start("verify", lie, "--views", "log_polar")
    output = process.communicate(timeout=200)[0]
    assert process.returncode == 1
    assert "is recorded" in output


def test_killed_in_training_and_in_the_scan_it_ends_with_the_same_bytes(run, tmp_path, toy_folder):
    folder = tmp_path / "run"
    options = [*SETTINGS, "--scan.piece-rows", "2", "--data.path", toy_folder, "--views", "cartesian"]
    first = start("run", folder, *options)
    checkpoints = folder / "cartesian" / "checkpoints"
    wait_for(lambda: len(list(checkpoints.glob("step-*.json"))) >= 2, first)
    kill(first)
    assert not (folder / "cartesian" / "stages" / "train.json").exists()
    second = start("run", folder)
    wait_for(lambda: len(list((folder / "cartesian" / "scan").glob("*.npz"))) >= 3, second)
    kill(second)
    assert not (folder / "cartesian" / "stages" / "scan.json").exists()
    finish(start("run", folder))
    lines, expected = (
        [json.loads(line) for line in (path / "cartesian" / "metrics.jsonl").read_text().splitlines()]
        for path in (folder, run)
    )
    assert [line["step"] for line in lines if "loss" in line] == list(range(1, 21))
    assert [line["loss"] for line in lines if "loss" in line] == [line["loss"] for line in expected if "loss" in line]
    for name in ("weights.safetensors", "exemplars.parquet", "channels.parquet"):
        assert (folder / "cartesian" / name).read_bytes() == (run / "cartesian" / name).read_bytes(), name
    losses = [json.loads((path / "cartesian" / "evaluation.json").read_text())["loss"] for path in (folder, run)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-12)  # pieces of other lengths add up in another order
    assert not list((folder / "cartesian").glob("scan/*"))
    assert (folder / "report" / "index.html").exists()


def test_two_workers_learn_from_the_same_rows(run, tmp_path, toy_folder):
    folder = tmp_path / "run"
    finish(start("train", folder, *SETTINGS, "--data.path", toy_folder, "--views", "cartesian", "--train.workers", "2"))
    one, two = (
        [json.loads(line) for line in (path / "cartesian" / "metrics.jsonl").read_text().splitlines()]
        for path in (run, folder)
    )
    first = [next(line["loss"] for line in lines if line["step"] == 1) for lines in (one, two)]
    # Only the units that drop out differ.
    assert first[0] == pytest.approx(first[1], rel=0.1)
    assert len([line for line in two if "loss" in line]) == 20


def test_faulty_rows_are_named_by_every_stage_and_the_counts_reconcile(tmp_path, faulty_folder):
    options = [*SETTINGS, "--train.epochs", "1", "--train.workers", "2", "--views", "cartesian"]
    output = finish(start("run", tmp_path, *options, "--data.path", faulty_folder, "--data.max-quarantined", "0.05"))
    assert "train cartesian: 5 of 300 rows hold no usable image and are quarantined (train row 5, " in output
    assert "scan cartesian: 2 of 60 rows hold no usable image" in output
    named = json.loads((tmp_path / "cartesian" / "quarantined.json").read_text())
    assert {split: [one["row"] for one in named if one["split"] == split] for split in FAULTY_ROWS} == FAULTY_ROWS
    evaluation = json.loads((tmp_path / "cartesian" / "evaluation.json").read_text())
    assert evaluation["images"] == 58
    assert [one["row"] for one in evaluation["quarantined"]] == FAULTY_ROWS["validation"]
    for stage in ("evaluate", "scan"):
        manifest = json.loads((tmp_path / "cartesian" / "stages" / f"{stage}.json").read_text())
        assert (manifest["images"], manifest["quarantined"]) == (58, 2)
    left_out = {one["image_id"] for one in evaluation["quarantined"]}
    assert left_out.isdisjoint(pq.read_table(tmp_path / "cartesian" / "exemplars.parquet")["image_id"].to_pylist())
    lines = [json.loads(line) for line in (tmp_path / "cartesian" / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["validation_top1"] == pytest.approx(evaluation["top1"])
    assert "of 58 images" in finish(start("verify", tmp_path))


def test_a_corrupt_row_group_is_named(tmp_path, toy_folder):
    data = tmp_path / "data"
    shutil.copytree(toy_folder, data)
    shard = next((data / "data").glob("train-*.parquet"))
    place = pq.ParquetFile(shard).metadata.row_group(1).column(0)
    with open(shard, "r+b") as file:
        file.seek(place.data_page_offset)
        file.write(b"\xff" * 2000)
    process = start("train", tmp_path / "run", *SETTINGS, "--data.path", str(data), "--views", "cartesian")
    output = process.communicate(timeout=300)[0]
    kill(process)
    assert process.returncode == 1
    assert f"{shard.name}, row group 1: cannot be read" in output
    assert "Traceback" not in output


@pytest.fixture
def cluster(tmp_path_factory):
    """A head started by hand, with a token, as `ray start --head` starts it; yields its address."""
    temporary = tempfile.mkdtemp(prefix="lp", dir="/tmp")  # short: sockets' paths may have 107 characters
    command = [Path(sys.executable).with_name("ray"), "start", "--head", "--port=0", "--num-cpus=3", "--block"]
    options = ["--include-dashboard=false", f"--temp-dir={temporary}", "--object-store-memory=300000000"]
    head = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    address = None
    for line in head.stdout:
        if found := re.search(r"--address='([\d.]+:\d+)'", line):
            address = found.group(1)
        if "--block" in line or ("Ray runtime started" in line and address):
            break
    yield address
    kill(head)
    head.stdout.close()
    shutil.rmtree(temporary, ignore_errors=True)


def test_a_cluster_gives_the_same_results(run, tmp_path, toy_folder, cluster):
    folder = tmp_path / "run"
    output = finish(start("run", folder, *SETTINGS, "--data.path", toy_folder, "--address", cluster))
    assert "connecting to Ray" in output
    for view in ("cartesian", "log_polar"):
        for name in ("weights.safetensors", "evaluation.json", "exemplars.parquet", "channels.parquet"):
            assert (folder / view / name).read_bytes() == (run / view / name).read_bytes(), name


def test_no_cluster_at_an_address_is_told(tmp_path, toy_folder):
    process = start("train", tmp_path / "run", *SETTINGS, "--data.path", toy_folder, "--address", "127.0.0.1:1")
    output = process.communicate(timeout=200)[0]
    assert process.returncode == 1
    assert "no Ray cluster at address '127.0.0.1:1'" in output
