"""Nodes that vanish and nodes that come: several raylets on this machine, killed without grace."""

import json
import shutil

import pytest

from tests.workflows.commands import SETTINGS, content, finish, head, kill, node, runs, start, wait_for

pytestmark = [pytest.mark.ray, pytest.mark.slow]

VIEW = "log_polar"


@pytest.fixture(scope="module")
def trained(tmp_path_factory, toy_folder):
    """A run up to its scan, on this machine alone."""
    folder = tmp_path_factory.mktemp("nodes") / "run"
    options = [*SETTINGS, "--data.path", toy_folder, "--views", VIEW, "--scan.piece-rows", "2"]
    for verb in ("train", "evaluate", "scan"):
        finish(start(verb, folder, *options))
    return folder


def without(run, stages, target):
    """A copy of a run in which some stages are yet to be done."""
    shutil.copytree(run, target)
    for stage in stages:
        (target / VIEW / "stages" / f"{stage}.json").unlink()
    return target


def test_a_node_lost_in_the_scan_changes_no_byte(trained, tmp_path):
    folder = without(trained, ["scan"], tmp_path / "run")
    for name in ("exemplars.parquet", "channels.parquet", "places.npz"):
        (folder / VIEW / name).unlink()
    with (
        head("--include-dashboard=false", cpus=0) as cluster,
        node(cluster.address, "--num-cpus=1") as lost,
        node(cluster.address, "--num-cpus=1"),
    ):
        scan = start("scan", folder, "--address", cluster.address)
        wait_for(lambda: len(list((folder / VIEW / "scan").glob("*.npz"))) >= 3 and runs(lost, "scan_rows"), scan)
        kill(lost)
        finish(scan)
    for name in ("exemplars.parquet", "channels.parquet", "places.npz"):
        assert content(folder)[f"{VIEW}/{name}"] == content(trained)[f"{VIEW}/{name}"], name


def test_training_outlives_the_node_that_it_runs_on(trained, tmp_path, toy_folder):
    folder = tmp_path / "run"
    options = [*SETTINGS, "--data.path", toy_folder, "--views", VIEW]
    with (
        head("--include-dashboard=false", cpus=0) as cluster,
        node(cluster.address, "--num-cpus=2") as one,
        node(cluster.address, "--num-cpus=2") as other,
    ):
        training = start("train", folder, *options, "--address", cluster.address)
        wait_for(lambda: list((folder / VIEW / "checkpoints").glob("step-*.json")), training)
        kill(one if runs(one, "RayTrainWorker") else other)
        finish(training)
    lines, expected = (
        [json.loads(line) for line in (path / VIEW / "metrics.jsonl").read_text().splitlines()]
        for path in (folder, trained)
    )
    losses, wanted = ({line["step"]: line["loss"] for line in some if "loss" in line} for some in (lines, expected))
    assert list(losses) == list(range(1, 21))
    # Two nodes are taken for two machines' cores, and sums over more threads round differently.
    assert list(losses.values()) == pytest.approx(list(wanted.values()), rel=1e-3)
