"""A sweep makes ordinary runs, names those that fail without stopping for them, and resumes after any end."""

import json
import signal
import subprocess

import pyarrow.parquet as pq
import pytest

from lp_core.storage import Storage
from tests.workflows.commands import SETTINGS, finish, kill, start, wait_for, wait_until
from tests.workflows.finished_run import finish_on_paper
from workflows.cli import main
from workflows.sweep import sweep
from workflows.sweep_command import sweep_command


def rows(folder) -> list[dict]:
    return pq.read_table(folder / "sweep.parquet").to_pylist()


def test_a_finished_sweep_starts_nothing(tmp_path, toy_folder, capsys):
    words = ["--recipe", "demo", "--run", str(tmp_path), "--data.path", toy_folder, "--seeds", "2"]
    command = sweep_command("about", [*words, "--vary", "view.law=monopole,opencv"])
    for number, cell in enumerate(command.plan.cells()):
        run = Storage.at(tmp_path / cell.run)
        finish_on_paper(cell.recipe, run)
        for view in cell.recipe.views:
            (run / view).write_json("evaluation.json", {"top1": 90.0 + number, "top5": 99.0, "loss": 0.5})
    sweep(command)
    assert "4 runs, 4 of them finished before" in capsys.readouterr().out
    assert [row["state"] for row in rows(tmp_path)] == ["finished"] * 4
    assert [row["top1_log_polar"] for row in rows(tmp_path)] == [90.0, 91.0, 92.0, 93.0]
    before = (tmp_path / "sweep.parquet").read_bytes()
    sweep(command)
    assert (tmp_path / "sweep.parquet").read_bytes() == before
    assert not (tmp_path / "logs").exists()


def test_channels_that_cannot_be_drawn_are_refused_before_anything_is_written(tmp_path, toy_folder, capsys):
    words = ["--recipe", "demo", "--run", str(tmp_path / "sweep"), "--data.path", toy_folder]
    with pytest.raises(SystemExit) as end:
        main(["sweep", *words, "--visualize.channels", "9999"])
    assert end.value.code == 1
    assert "9999" in capsys.readouterr().err
    assert not (tmp_path / "sweep").exists()


@pytest.mark.ray
@pytest.mark.slow  # two whole runs
def test_a_failed_run_is_named_and_stops_no_other(tmp_path, toy_folder):
    words = [*SETTINGS, "--data.path", toy_folder, "--views", "cartesian", "--train.epochs", "1"]
    until = ["--until", "evaluate"]
    process = start("sweep", tmp_path, *words, "--vary", "train.learning-rate=1e30,1e-3", *until)
    output = process.communicate()[0]
    kill(process)
    assert process.returncode == 1
    failed, finished = rows(tmp_path)
    assert (failed["state"], finished["state"]) == ("failed", "finished")
    assert failed["error"].startswith("the loss is nan")
    assert f"sweep: {failed['run']} failed: {failed['error']}" in output
    assert "logpolar: 1 of 2 runs failed" in output
    assert failed["error"] in (tmp_path / "logs" / f"{failed['run']}.log").read_text()
    run = tmp_path / finished["run"]
    assert finished["top1_cartesian"] == json.loads((run / "cartesian" / "evaluation.json").read_text())["top1"]
    # An ordinary run: the command of its own has nothing left to do, and starts no Ray.
    assert "Ray" not in finish(start("run", run, *until))
    assert not (run / "cartesian" / "exemplars.parquet").exists()


def processes_of(folder) -> list[str]:
    table = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True).stdout
    return [args for args in table.splitlines() if f" {folder}" in args]


@pytest.mark.slow
@pytest.mark.ray
def test_every_end_of_the_sweep_ends_its_runs_and_the_same_command_resumes(tmp_path, toy_folder):
    words = [*SETTINGS, "--data.path", toy_folder, "--views", "cartesian", "--train.epochs", "4", "--seeds", "2"]
    words += ["--controls", "untrained,shuffled"]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
    log, view = tmp_path / "logs" / "base" / "seed-0.log", tmp_path / "base" / "seed-0" / "cartesian"
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)):
        before = log.stat().st_size if log.exists() else 0
        process = start("sweep", tmp_path, *words)
        wait_for(lambda before=before: log.exists() and log.stat().st_size > before, process)
        if number == signal.SIGKILL:
            wait_for(lambda: list(view.glob("checkpoints/*.json")), process)
        process.send_signal(number)
        process.wait()
        process.stdout.close()
        assert process.returncode == code
        wait_until(lambda: not processes_of(tmp_path))
        assert [row["state"] for row in rows(tmp_path)] == ["waiting"] * 4
    output = finish(start("sweep", tmp_path))
    assert "4 runs, 0 of them finished before" in output
    assert [row["state"] for row in rows(tmp_path)] == ["finished"] * 4
    assert [(row["seed"], row["control"]) for row in rows(tmp_path)] == [
        (seed, control) for seed in (0, 1) for control in ("none", "shuffled")
    ]
    weights = {(tmp_path / row["run"] / "cartesian" / "weights.safetensors").read_bytes() for row in rows(tmp_path)}
    assert len(weights) == 4
    for row in rows(tmp_path):
        assert (tmp_path / row["run"] / "cartesian" / "history" / "epoch_000" / "exemplars.parquet").exists()
