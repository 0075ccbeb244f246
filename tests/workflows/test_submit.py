"""Jobs on a cluster: submitted, refused, stopped and submitted again, on a real head with a token and a dashboard."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflows.commands import RAY, REPOSITORY, SETTINGS, content, finish, head, kill, start, wait_for

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def cluster():
    with head("--dashboard-port=0") as found:
        yield found


def submit(folder: Path, dashboard: str, *options: str, environment: dict[str, str] | None = None) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "workflows", "submit", "run", "--run", str(folder), "--address", dashboard, *options],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=os.environ | (environment or {}),
    )


@pytest.mark.slow
def test_a_job_is_refused_twice_stopped_and_resumed(tmp_path, toy_folder, cluster):
    folder = tmp_path / "run"
    options = [*SETTINGS, "--data.path", toy_folder, "--views", "cartesian"]
    job = submit(folder, cluster.dashboard, *options)
    checkpoints = folder / "cartesian" / "checkpoints"
    wait_for(lambda: list(checkpoints.glob("step-*.json")), job)

    second = submit(folder, cluster.dashboard, *options)
    output = second.communicate(timeout=100)[0]
    assert second.returncode == 1
    assert "is on its way as logpolar-" in output

    name = next(word.rstrip(";") for word in output.split() if word.startswith("logpolar-"))
    stop = [RAY, "job", "stop", name, "--address", cluster.dashboard]
    subprocess.run(stop, check=True, capture_output=True, timeout=100)
    output = job.communicate(timeout=100)[0]
    kill(job)
    assert job.returncode == 1
    assert "submit it again and it goes on" in output
    assert not (folder / "report" / "index.html").exists()

    again = submit(folder, cluster.dashboard)
    output = finish(again)
    assert "an earlier start came to step" in output or "train cartesian: finished before" in output
    assert (folder / "report" / "index.html").exists()
    lines = [json.loads(line) for line in (folder / "cartesian" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == list(range(1, 21))
    alone = tmp_path / "alone"
    finish(start("train", alone, *options))
    assert content(folder)["cartesian/weights.safetensors"] == content(alone)["cartesian/weights.safetensors"]


@pytest.mark.parametrize("token", ["0" * 64, None])
def test_a_wrong_token_is_refused(tmp_path, toy_folder, cluster, token):
    changed = {"RAY_AUTH_TOKEN": token} if token else {"RAY_AUTH_MODE": "disabled", "RAY_AUTH_TOKEN": ""}
    job = submit(tmp_path / "run", cluster.dashboard, *SETTINGS, "--data.path", toy_folder, environment=changed)
    output = job.communicate(timeout=100)[0]
    kill(job)
    assert job.returncode == 1
    assert "no Ray cluster takes jobs at" in output
    assert "Traceback" not in output


def test_a_run_folder_that_nodes_do_not_share_is_refused(cluster):
    job = submit(Path("runs/here"), cluster.dashboard, "--recipe", "demo")
    output = job.communicate(timeout=100)[0]
    assert job.returncode == 1
    assert "give a full path or URI" in output


@pytest.mark.slow
@pytest.mark.parametrize("token", ["right", "wrong"])
def test_rays_own_command_needs_the_token_too(tmp_path, toy_folder, cluster, token):
    command = [RAY, "job", "submit", "--address", cluster.dashboard, "--runtime-env", "cluster/runtime_env.yaml"]
    command += ["--working-dir", ".", "--submission-id", f"by-hand-{token}", "--", "python", "-m", "workflows", "run"]
    command += ["--run", str(tmp_path), *SETTINGS, "--data.path", toy_folder, "--views", "cartesian"]
    environment = os.environ | ({"RAY_AUTH_TOKEN": "0" * 64} if token == "wrong" else {})
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=400)
    output = done.stdout + done.stderr
    assert (done.returncode == 0) == (token == "right"), output
    assert (tmp_path / "report" / "index.html").exists() == (token == "right")
    if token == "wrong":
        assert "Authentication failed: Forbidden" in output, output
