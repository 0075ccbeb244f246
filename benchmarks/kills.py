"""Twenty kills at random moments, then the losses against those of a training that nobody disturbed.

    python -m benchmarks.kills [--kills 20] [--epochs 130] [--seed 0]

Every fourth kill is of the command itself (SIGKILL; what it started must end by itself), the others of a training
worker. Losses of all steps must be equal to the last bit, every step must stand in metrics.jsonl once (a step's rows
are checked against the plan as they arrive), weights must be equal, and nothing may be left running.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.machine import machine_line
from benchmarks.timing import Stopwatch
from lp_core.indexing.layouts import find
from lp_core.indexing.manifest import write_dataset_folder
from lp_core.storage import Storage
from lp_core.toy.data_set import write_toy
from tests.workflows.commands import SETTINGS, descendants, finish, start

VIEW = "log_polar"
ENDING_SECONDS = 150.0
LATEST_SECONDS = 12.0
"""Of a kill, counted from the moment when a worker is there; it needs half of that to begin."""


def losses(run: Path) -> list[tuple[int, float]]:
    """Step and loss of every line that has one."""
    try:
        lines = [json.loads(line) for line in (run / VIEW / "metrics.jsonl").read_text().splitlines()]
    except FileNotFoundError:
        return []
    return [(line["step"], line["loss"]) for line in lines if "loss" in line]


def training_workers(process: subprocess.Popen) -> list[int]:
    """Process ids of the command's Ray Train workers."""
    table = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    titles = {int(pid): args for pid, _, args in (line.strip().partition(" ") for line in table.splitlines())}
    return [pid for pid in descendants(process.pid) if "RayTrainWorker" in titles.get(pid, "")]


def alive(pids: set[int]) -> set[int]:
    """Those that run still; a finished child that nobody waited for does not."""
    table = subprocess.run(["ps", "-eo", "pid=,stat="], capture_output=True, text=True, check=True).stdout
    states = dict(line.split() for line in table.splitlines())
    return {pid for pid in pids if str(pid) in states and not states[str(pid)].startswith("Z")}


def kill_worker(process: subprocess.Popen, rng: random.Random) -> bool:
    """Kill a worker as soon as there is one, and a moment later; False if the command ended first."""
    while process.poll() is None:
        if training_workers(process):
            time.sleep(rng.uniform(0, LATEST_SECONDS))
            for pid in training_workers(process)[:1]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    return True
        time.sleep(0.2)
    return False


def kill_command(process: subprocess.Popen, rng: random.Random) -> set[int]:
    """Kill the command alone; return the process ids of what it had started."""
    while process.poll() is None and not training_workers(process):
        time.sleep(0.2)
    time.sleep(rng.uniform(0, LATEST_SECONDS))
    started = set(descendants(process.pid))
    process.kill()
    process.wait()
    process.stdout.close()
    return started


def left_running(started: set[int]) -> set[int]:
    """What of some orphans still runs after `ENDING_SECONDS`; Ray's agents take a minute to give their cluster up."""
    with Stopwatch() as watch:
        while alive(started) and watch.so_far < ENDING_SECONDS:
            time.sleep(0.5)
    return alive(started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=130)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        data = Storage.at(Path(folder) / "data")
        write_toy(Path(data.uri), train=240, validation=60)
        write_dataset_folder(data, find(data))
        options = [*SETTINGS, "--data.path", data.uri, "--views", VIEW, "--train.epochs", str(args.epochs)]
        quiet, disturbed = Path(folder) / "quiet", Path(folder) / "disturbed"
        with Stopwatch() as undisturbed:
            finish(start("train", quiet, *options))
        orphans: set[int] = set()
        killed = {"worker": 0, "command": 0}
        with Stopwatch() as with_kills:
            process = start("train", disturbed, *options)
            while sum(killed.values()) < args.kills and process.poll() is None:
                if sum(killed.values()) % 4 < 3:
                    killed["worker"] += kill_worker(process, rng)
                else:
                    orphans |= kill_command(process, rng)
                    killed["command"] += 1
                    process = start("train", disturbed, *options)
                print(f"{killed}, {len(losses(disturbed))} steps so far", flush=True)
            finish(process)
        seen, expected = losses(disturbed), losses(quiet)
        weights = [(run / VIEW / "weights.safetensors").read_bytes() for run in (disturbed, quiet)]
        verdicts = {
            "every step once": [step for step, _ in seen] == list(range(1, len(expected) + 1)),
            "losses equal to the last bit": seen == expected,
            "weights equal": weights[0] == weights[1],
            "nothing left running": not left_running(orphans),
        }
        print(f"{machine_line()}\n{killed}; {len(expected)} steps; ", end="")
        print(f"{undisturbed.seconds:.0f} s undisturbed, {with_kills.seconds:.0f} s with kills")
        for what, holds in verdicts.items():
            print(f"{what}: {'yes' if holds else 'NO'}")
    sys.exit(not all(verdicts.values()))


if __name__ == "__main__":
    main()
