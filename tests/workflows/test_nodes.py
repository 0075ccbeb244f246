"""Nodes that vanish, leave and come: several raylets on this machine, killed without grace."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from lp_core.indexing.layouts import find
from lp_core.indexing.manifest import write_dataset_folder
from lp_core.storage import Storage
from lp_core.toy.data_set import write_toy
from tests.workflows.commands import (
    RAY,
    SETTINGS,
    content,
    finish,
    head,
    held,
    kill,
    node,
    node_ids,
    start,
    wait_for,
    working,
)

pytestmark = [pytest.mark.ray, pytest.mark.slow]

VIEW = "log_polar"
TABLES = ("exemplars.parquet", "channels.parquet", "places.npz")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """As the other toy data sets, but with 1,200 validation images: a scan of many pieces."""
    folder = Storage.at(tmp_path_factory.mktemp("many"))
    write_toy(Path(folder.uri), train=240, validation=1200)
    write_dataset_folder(folder, find(folder))
    return folder.uri


@pytest.fixture(scope="module")
def whole(tmp_path_factory, data):
    """A run up to its pictures, on this machine alone."""
    folder = tmp_path_factory.mktemp("nodes") / "run"
    options = [*SETTINGS, "--data.path", data, "--views", VIEW, "--scan.piece-rows", "4"]
    for verb in ("train", "evaluate", "scan", "visualize"):
        finish(start(verb, folder, *options, *(["--visualize.gallery", "all"] if verb == "visualize" else [])))
    return folder


def without(run, stages, target):
    """A copy of a run in which some stages, and what they wrote, are yet to be done."""
    shutil.copytree(run, target)
    written = {"scan": TABLES, "visualize": ("panels", "atlas", "features.parquet"), "evaluate": ("evaluation.json",)}
    for stage in stages:
        (target / VIEW / "stages" / f"{stage}.json").unlink()
        for name in written[stage]:
            place = target / VIEW / name
            shutil.rmtree(place) if place.is_dir() else place.unlink()
    return target


def drain(address, leaving):
    """Announce that a node is about to leave; it has five seconds."""
    command = [RAY, "drain-node", f"--address={address}", f"--node-id={leaving}"]
    command += ["--reason=DRAIN_NODE_REASON_PREEMPTION", "--reason-message=spot", "--deadline-remaining-seconds=5"]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize("how", ["killed", "drained"])
def test_a_node_lost_in_the_scan_changes_no_byte(whole, tmp_path, how):
    folder = without(whole, ["scan"], tmp_path / "run")

    def begun():
        return len(list((folder / VIEW / "scan").glob("*.npz"))) >= 3

    with head("--include-dashboard=false", cpus=0) as cluster:
        others = node_ids(cluster.address)
        with node(cluster.address, "--num-cpus=1") as lost:
            [leaving] = node_ids(cluster.address) - others
            scan = start("scan", folder, "--address", cluster.address)
            with held(lost, "scan_rows", scan, begun), node(cluster.address, "--num-cpus=1"):
                kill(lost) if how == "killed" else drain(cluster.address, leaving)
                finish_after(scan, lost, "scan_rows")
    for name in TABLES:
        assert content(folder)[f"{VIEW}/{name}"] == content(whole)[f"{VIEW}/{name}"], name


def test_a_node_lost_while_pictures_are_drawn_changes_no_byte(whole, tmp_path):
    folder = without(whole, ["visualize"], tmp_path / "run")

    def begun():
        return len(list((folder / VIEW / "atlas").rglob("*.webp"))) >= 2

    with (
        head("--include-dashboard=false", cpus=0) as cluster,
        node(cluster.address, "--num-cpus=1") as lost,
    ):
        command = start("visualize", folder, "--visualize.gallery", "all", "--address", cluster.address)
        with held(lost, "draw_sheet", command, begun), node(cluster.address, "--num-cpus=1"):
            kill(lost)
            finish(command)
    drawn = {name: digest for name, digest in content(whole).items() if "/panels/" in name or "/atlas/" in name}
    assert len(drawn) > 30
    assert {name: digest for name, digest in content(folder).items() if name in drawn} == drawn


def finish_after(command, lost, title):
    """Let what is held on a node go on, as one that was only announced to leave does, and wait for a command."""
    for pid in working(lost, title) if lost.poll() is None else []:
        os.kill(pid, signal.SIGCONT)
    finish(command)


def losses(folder):
    lines = [json.loads(line) for line in (folder / VIEW / "metrics.jsonl").read_text().splitlines()]
    return [(line["step"], line["loss"]) for line in lines if "loss" in line]


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data):
    """A training of 400 steps, undisturbed."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    finish(start("train", folder, *LONGER, "--data.path", data, "--views", VIEW))
    return folder


LONGER = [*SETTINGS, "--train.epochs", "40", "--train.validate-every-epochs", "20"]


@pytest.mark.parametrize("how", ["killed", "drained"])
def test_training_outlives_the_node_that_it_runs_on_to_the_last_bit(trained, tmp_path, data, how):
    folder = tmp_path / "run"
    with head("--include-dashboard=false", cpus=0) as cluster:
        alone = node_ids(cluster.address)
        with node(cluster.address, "--num-cpus=2") as lost:
            [leaving] = node_ids(cluster.address) - alone
            options = [*LONGER, "--data.path", data, "--views", VIEW, "--address", cluster.address]
            training = start("train", folder, *options)
            with (
                held(lost, "RayTrainWorker", training, lambda: checkpoints(folder)),
                node(cluster.address, "--num-cpus=2"),
            ):
                assert not (folder / VIEW / "stages" / "train.json").exists(), "it was over before the node was lost"
                kill(lost) if how == "killed" else drain(cluster.address, leaving)
                finish_after(training, lost, "RayTrainWorker")
                assert not (folder / "ray_train").exists()
    assert losses(folder) == losses(trained)
    assert (folder / VIEW / "weights.safetensors").read_bytes() == (trained / VIEW / "weights.safetensors").read_bytes()


def test_an_elastic_training_begins_with_one_worker_and_takes_a_second(tmp_path, data):
    """Ray looks for a second worker once a minute. The training would take days, and is killed after steps of two."""
    folder = tmp_path / "run"
    options = [*SETTINGS, "--data.path", data, "--views", VIEW]
    options += ["--train.workers", "2", "--train.min-workers", "1", "--train.epochs", "100000"]
    options += ["--train.log-every-steps", "50", "--train.checkpoint-every-steps", "50"]
    options += ["--train.validate-every-epochs", "100000"]
    with head("--include-dashboard=false", cpus=0) as cluster, node(cluster.address, "--num-cpus=2") as first:
        training = start("train", folder, *options, "--address", cluster.address)
        wait_for(lambda: checkpoints(folder), training)
        with node(cluster.address, "--num-cpus=2") as second:
            wait_for(lambda: working(first, "RayTrainWorker") and working(second, "RayTrainWorker"), training)
            alone = checkpoints(folder)[-1]
            wait_for(lambda: checkpoints(folder)[-1] > alone, training)
            assert working(first, "RayTrainWorker")
            assert working(second, "RayTrainWorker")
            kill(training)
    steps = [step for step, _ in losses(folder)]
    assert steps == list(range(50, 50 * len(steps) + 1, 50))
    assert 50 * len(steps) >= alone + 50


def checkpoints(folder):
    """Steps of the checkpoints that there are."""
    return sorted(int(path.stem.partition("-")[2]) for path in (folder / VIEW / "checkpoints").glob("step-*.json"))
