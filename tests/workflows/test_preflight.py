"""What is refused on a cluster before anything starts, each in one line."""

import os
import subprocess
import sys

import pytest

from tests.workflows.commands import REPOSITORY, SETTINGS, head, hidden_from, kill, node, start

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def cluster():
    with head("--include-dashboard=false", cpus=2) as found:
        yield found.address


def refusal(process):
    """What a command says that ends with an error."""
    output = process.communicate(timeout=200)[0]
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
    assert not list(run.glob(".seen*"))
