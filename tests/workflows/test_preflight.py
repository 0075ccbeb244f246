"""What is refused on a cluster before anything starts, each in one line."""

import os
import subprocess
import sys
import threading
from contextlib import ExitStack

import pytest
import ray

from lp_core.fingerprint import checksum
from lp_core.storage import Storage
from tasks.preflight import MARK, check_storage, unseen
from tests.workflows.commands import (
    PATIENCE_SECONDS,
    REPOSITORY,
    SETTINGS,
    head,
    hidden_from,
    kill,
    node,
    start,
    wait_until,
)

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def cluster():
    with head("--include-dashboard=false", cpus=2) as found:
        yield found.address


def refusal(process):
    """What a command says that ends with an error."""
    output = process.communicate(timeout=PATIENCE_SECONDS)[0]
    kill(process)
    assert process.returncode == 1, output
    assert "Traceback" not in output
    [line] = [line for line in output.splitlines() if line.startswith("logpolar: ")]
    return line


def test_another_version_of_ray_is_told_with_both_versions(tmp_path, toy_folder, cluster):
    other = "import sys, ray; ray.__version__ = '2.59.1'; from workflows.cli import main; main(sys.argv[1:])"
    command = ["train", "--run", str(tmp_path), *SETTINGS, "--data.path", toy_folder, "--address", cluster]
    output = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-c", other, *command], cwd=REPOSITORY, stdout=output, stderr=subprocess.STDOUT, text=True
    )
    line = refusal(process)
    assert "mismatch" in line
    assert "2.60.0" in line
    assert "2.59.1" in line


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--train.device", "gpu"], "train.device is gpu, but the cluster has no GPU"),
        (["--scan.gpus-per-task", "0.5"], "scan.gpus-per-task is 0.5, but no node has more than 0 GPUs"),
        (["--train.workers", "2"], "leave none of the cluster's 2 CPUs to read images with; 3 are needed"),
    ],
)
def test_what_the_cluster_does_not_have_is_told(tmp_path, toy_folder, cluster, options, says):
    process = start("train", tmp_path, *SETTINGS, "--data.path", toy_folder, "--address", cluster, *options)
    assert says in refusal(process)


@pytest.mark.skipif(os.geteuid() != 0, reason="a folder can be hidden from a node by root only")
@pytest.mark.parametrize("hidden", ["run", pytest.param("data", marks=pytest.mark.slow)])
def test_a_folder_that_a_node_does_not_see_is_told(tmp_path, toy_folder, hidden):
    run = tmp_path / "runs" / "one"
    run.mkdir(parents=True)
    place = {"run": run, "data": toy_folder}[hidden]
    with (
        head("--include-dashboard=false", cpus=2) as cluster,
        node(cluster.address, "--num-cpus=1", before=hidden_from(place)),
    ):
        process = start("train", run, *SETTINGS, "--data.path", toy_folder, "--address", cluster.address)
        line = refusal(process)
    assert f"{place} is not the same folder on every node" in line
    assert "give a mounted folder, s3:// or gs://" in line
    assert not (run / MARK).exists()


@pytest.mark.parametrize("nodes", [1, 2])
def test_a_mark_that_a_killed_start_left_is_removed(tmp_path, toy_folder, cluster, nodes):
    run, data = Storage.at(tmp_path), Storage.at(toy_folder)
    run.write_bytes(MARK, b"left by a killed start")
    with ExitStack() as stack:
        for _ in range(nodes - 1):
            stack.enter_context(node(cluster, "--num-cpus=1"))
        ray.init(address=cluster, log_to_driver=False, logging_level="ERROR")
        stack.callback(ray.shutdown)
        check_storage(run, data, "manifest.json")
    assert list(tmp_path.iterdir()) == []


def test_two_commands_of_one_run_that_start_at_once_do_not_disturb_each_other(tmp_path, toy_folder, cluster):
    run, data, disturbed = Storage.at(tmp_path), Storage.at(toy_folder), threading.Event()

    def disturb():
        """What the other command does while the node starts a worker: replace the mark, then remove it."""
        for change in (lambda: run.write_bytes(MARK, b"of another command"), lambda: run.remove(MARK)):
            wait_until(lambda: run.exists(MARK) and run.read_bytes(MARK) != b"of another command")
            change()
        disturbed.set()

    with node(cluster, "--num-cpus=1"):
        ray.init(address=cluster, log_to_driver=False, logging_level="ERROR")
        try:
            thread = threading.Thread(target=disturb)
            thread.start()
            while not disturbed.is_set():
                check_storage(run, data, "manifest.json")
            thread.join()
        finally:
            ray.shutdown()
    assert list(tmp_path.iterdir()) == []


def test_another_content_under_the_same_name_is_not_the_same_folder(tmp_path):
    (tmp_path / "manifest.json").write_bytes(b"{}")
    place = str(tmp_path)
    assert unseen([(place, "manifest.json", checksum(b"{}")), (place, "", "")]) == []
    expected = [f"{place} is not the same folder on every node"]
    assert unseen([(place, "manifest.json", checksum(b"[]"))]) == expected
    assert unseen([(place, "absent.json", checksum(b"{}"))]) == expected
