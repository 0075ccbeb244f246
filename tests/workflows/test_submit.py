"""Jobs on a cluster: submitted, refused, stopped and submitted again, on a real head with a token and a dashboard."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from ray.job_submission import JobStatus, JobSubmissionClient

from lp_core.errors import ClusterError
from tests.workflows.commands import (
    PATIENCE_SECONDS,
    RAY,
    REPOSITORY,
    SETTINGS,
    content,
    finish,
    free_port,
    head,
    held,
    kill,
    start,
    wait_until,
)
from workflows.submit import job_name, next_attempt
from workflows.submit import submit as submit_job

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def cluster():
    # The head of somebody else on this machine has the ports that Ray would take.
    with head("--dashboard-port=0", f"--dashboard-agent-listen-port={free_port()}") as found:
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
    driver = f"python -m workflows run --run {folder}"
    with held(cluster.process, driver, job, lambda: list(checkpoints.glob("step-*.json"))):  # so that it is not over
        second = submit(folder, cluster.dashboard, *options)
        output = second.communicate(timeout=PATIENCE_SECONDS)[0]
        assert second.returncode == 1
        assert "is on its way as logpolar-" in output

        name = next(word.rstrip(";") for word in output.split() if word.startswith("logpolar-"))
        stop = [RAY, "job", "stop", name, "--address", cluster.dashboard]
        subprocess.run(stop, check=True, capture_output=True, timeout=PATIENCE_SECONDS)
    output = job.communicate(timeout=PATIENCE_SECONDS)[0]
    kill(job)
    assert job.returncode == 1
    assert "submit it again to resume" in output
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


ATTEMPTS = 20


@pytest.mark.slow
def test_a_job_stopped_and_submitted_again_at_once_runs(tmp_path, toy_folder, cluster):
    """An attempt ends when it is stopped, never with the supervisor of an earlier one."""
    run = str(tmp_path / "run")
    arguments = ["train", "--run", run, *SETTINGS, "--train.epochs", "100000", "--data.path", toy_folder]
    client = JobSubmissionClient(cluster.dashboard)
    written = tmp_path / "run" / "config.json"  # by the job's command, before anything else
    ended = []
    for _ in range(ATTEMPTS):
        submit_job(arguments, run, cluster.dashboard, wait=False)
        newest = max((job for job in client.list_jobs() if job.submission_id), key=lambda job: job.start_time)
        name = newest.submission_id
        wait_until(lambda name=name: written.exists() or client.get_job_status(name).is_terminal())
        written.unlink(missing_ok=True)
        assert client.get_job_status(name) == JobStatus.RUNNING, client.get_job_info(name)
        client.stop_job(name)
        wait_until(lambda name=name: client.get_job_status(name).is_terminal())
        ended.append((name, client.get_job_status(name)))
        print(*ended[-1])
    assert len(dict(ended)) == ATTEMPTS
    assert {status for _, status in ended} == {JobStatus.STOPPED}


def test_attempts_are_numbered_and_a_live_one_is_refused():
    """Ray's answers are made here: the states of a job that a real cluster passes in milliseconds."""
    run = "s3://bucket/run"
    name = job_name(run)

    def client(*jobs):
        listed = [SimpleNamespace(submission_id=one, status=JobStatus(status)) for one, status in jobs]
        return SimpleNamespace(list_jobs=lambda: listed)

    assert next_attempt(client(), run) == f"{name}-1"
    others = [(None, "RUNNING"), ("by-hand", "RUNNING"), (f"{name}-by-hand", "RUNNING"), ("logpolar-0-7", "PENDING")]
    ended = [(f"{name}-10", "STOPPED"), (f"{name}-9", "FAILED"), (f"{name}-2", "SUCCEEDED")]
    assert next_attempt(client(*others, *ended), run) == f"{name}-11"
    for status in ("PENDING", "RUNNING"):
        with pytest.raises(ClusterError, match=rf"is on its way as {name}-3 \({status}\); `ray job logs {name}-3 "):
            next_attempt(client(*ended, (f"{name}-3", status)), run)


@pytest.mark.parametrize("token", ["0" * 64, None])
def test_a_wrong_token_is_refused(tmp_path, toy_folder, cluster, token):
    changed = {"RAY_AUTH_TOKEN": token} if token else {"RAY_AUTH_MODE": "disabled", "RAY_AUTH_TOKEN": ""}
    job = submit(tmp_path / "run", cluster.dashboard, *SETTINGS, "--data.path", toy_folder, environment=changed)
    output = job.communicate(timeout=PATIENCE_SECONDS)[0]
    kill(job)
    assert job.returncode == 1
    assert "no Ray cluster takes jobs at" in output
    assert "Traceback" not in output


def test_a_run_folder_that_nodes_do_not_share_is_refused(cluster):
    job = submit(Path("runs/here"), cluster.dashboard, "--recipe", "demo")
    output = job.communicate(timeout=PATIENCE_SECONDS)[0]
    assert job.returncode == 1
    assert "give a full path or URI" in output


def test_a_recipe_of_the_users_own_travels_with_the_job(tmp_path, cluster):
    """The job gets as far as opening its data: it has imported the recipe from the file that came along."""
    (tmp_path / "my_plan.py").write_text("from workflows.recipes import demo\n\n\ndef mine():\n    return demo()\n")
    words = ["submit", "train", "--run", str(tmp_path / "run"), "--recipe", "my_plan:mine"]
    done = subprocess.run(
        [sys.executable, "-m", "workflows", *words, "--address", cluster.dashboard],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "logpolar: data.path is not set" in done.stdout, done.stdout + done.stderr
    assert "no module" not in done.stdout


@pytest.mark.slow
def test_a_sweep_is_a_job_whose_runs_use_the_jobs_cluster(tmp_path, toy_folder, cluster):
    words = [*SETTINGS, "--data.path", toy_folder, "--views", "cartesian", "--train.epochs", "1", "--seeds", "2"]
    command = [sys.executable, "-m", "workflows", "submit", "sweep", "--run", str(tmp_path), *words]
    command += ["--address", cluster.dashboard]
    for finished in (0, 2):
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"submitted as {job_name(str(tmp_path))}-{1 if finished == 0 else 2}" in done.stdout
        assert f"2 runs, {finished} of them finished before" in done.stdout
    log = (tmp_path / "logs" / "base" / "seed-1.log").read_text()
    assert f"connecting to Ray at {cluster.address}" in log


@pytest.mark.slow
@pytest.mark.parametrize("token", ["right", "wrong"])
def test_rays_own_command_needs_the_token_too(tmp_path, toy_folder, cluster, token):
    command = [RAY, "job", "submit", "--address", cluster.dashboard, "--runtime-env", "cluster/runtime_env.yaml"]
    command += ["--working-dir", ".", "--submission-id", f"by-hand-{token}", "--", "python", "-m", "workflows", "run"]
    command += ["--run", str(tmp_path), *SETTINGS, "--data.path", toy_folder, "--views", "cartesian"]
    environment = os.environ | ({"RAY_AUTH_TOKEN": "0" * 64} if token == "wrong" else {})
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    output = done.stdout + done.stderr
    assert (done.returncode == 0) == (token == "right"), output
    assert (tmp_path / "report" / "index.html").exists() == (token == "right")
    if token == "wrong":
        assert "Authentication failed: Forbidden" in output, output
