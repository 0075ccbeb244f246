"""Nodes that come while work waits and leave when it is done: Ray's simulated provider, real raylets."""

import shutil
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
import ray
import yaml

from tests.workflows.commands import (
    REPOSITORY,
    SETTINGS,
    content,
    finish,
    free_port,
    head,
    held,
    start,
    wait_for,
    wait_until,
)

pytestmark = [pytest.mark.ray, pytest.mark.slow]

VIEW = "cartesian"
TABLES = ("exemplars.parquet", "channels.parquet", "places.npz")


@contextmanager
def growing(folder, cpus):
    """A head with cluster/simulated.yaml behind it."""
    port = free_port()
    config = yaml.safe_load((REPOSITORY / "cluster" / "simulated.yaml").read_text())
    address = subprocess.check_output([sys.executable, "-c", "import ray; print(ray.util.get_node_ip_address())"])
    config["provider"]["gcs_address"] = f"{address.decode().strip()}:{port}"
    file = folder / "simulated.yaml"
    file.write_text(yaml.safe_dump(config))
    simulated = {"RAY_FAKE_CLUSTER": "1", "AUTOSCALER_UPDATE_INTERVAL_S": "1"}
    options = (f"--port={port}", f"--autoscaling-config={file}", "--include-dashboard=false")
    with head(*options, cpus=cpus, environment=simulated) as cluster:
        yield cluster


@contextmanager
def watched(address):
    """A function that counts the cluster's nodes."""
    ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    try:
        yield lambda: sum(node["Alive"] for node in ray.nodes())
    finally:
        ray.shutdown()


def test_a_scan_brings_nodes_which_leave_when_it_is_done(tmp_path, toy_folder):
    alone, folder = tmp_path / "alone", tmp_path / "run"
    options = [*SETTINGS, "--data.path", toy_folder, "--views", VIEW, "--scan.piece-rows", "1"]
    for verb in ("train", "scan"):
        finish(start(verb, alone, *options))
    shutil.copytree(alone, folder)
    for name in ("stages/scan.json", *TABLES):
        (folder / VIEW / name).unlink()
    began, nodes = time.monotonic(), []
    with growing(tmp_path, cpus=1) as cluster, watched(cluster.address) as count:
        scan = start("scan", folder, "--address", cluster.address)

        def counted():
            nodes.append((round(time.monotonic() - began), count()))
            return nodes[-1][1]

        counted()
        with held(cluster.process, "scan_rows", scan, counted):  # a scan that waits is not over before nodes come
            wait_for(lambda: counted() >= 3, scan)
        finish(scan)
        wait_until(lambda: counted() == 1)
    print("seconds and nodes:", [one for at, one in enumerate(nodes) if not at or one[1] != nodes[at - 1][1]])
    assert nodes[0][1] == 1
    for name in TABLES:
        assert content(folder)[f"{VIEW}/{name}"] == content(alone)[f"{VIEW}/{name}"], name


def test_a_whole_run_on_a_cluster_that_has_nothing_yet(tmp_path, toy_folder):
    with growing(tmp_path, cpus=0) as cluster:
        output = finish(
            start(
                "run",
                tmp_path / "run",
                *SETTINGS,
                "--data.path",
                toy_folder,
                "--views",
                VIEW,
                "--address",
                cluster.address,
            )
        )
    assert "the cluster has no CPUs yet" in output
    assert (tmp_path / "run" / "report" / "index.html").exists()
