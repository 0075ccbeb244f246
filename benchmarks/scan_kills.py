"""A scan killed at random moments, again and again, must end with the bytes of one that was left alone.

    python -m benchmarks.scan_kills [--kills 20] [--seed 0]

Trains a small network on the built-in data set (two minutes), scans it undisturbed, then scans a copy whose processes,
Ray's included, are ended without warning at moments drawn over the length of a scan, and started again until all kills
are spent. Prints what was on disk at every kill, and compares every file of the two runs.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from benchmarks.machine import machine_line
from benchmarks.timing import Stopwatch
from tests.workflows.commands import finish, kill, start, wait_for

FILES = ["exemplars.parquet", "channels.parquet", "places.npz", "rings.npz", "maxima.npy", "maxima_images.parquet"]
FILES += ["lower_exemplars.parquet"]
FILES += [f"history/epoch_001/{name}" for name in FILES] + ["history/changes.parquet"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random.seed(options.seed)
    folder = Path(tempfile.mkdtemp(prefix="scan_kills"))
    whole, killed = folder / "whole", folder / "killed"
    scan = ["--scan.checkpoints", "all", "--scan.maxima", "always", "--scan.piece-rows", "4", "--scan.batch-size", "4"]
    made = start("demo", whole, "--train.epochs", "2", "--train.keep-weights-every-epochs", "1", "--views", "log_polar")
    view = whole / "log_polar"
    wait_for((view / "stages" / "train.json").exists, made, seconds=600)
    kill(made)
    shutil.copytree(whole, killed)
    with Stopwatch() as undisturbed:
        finish(start("scan", whole, *scan))

    view = killed / "log_polar"
    moments = []
    while len(moments) < options.kills:
        if (view / "history" / "stages" / "changes.json").exists():
            # Finished between two kills: take the results away, and go on killing.
            for stage in (view / "stages" / "scan.json", view / "history" / "epoch_001" / "stages" / "scan.json"):
                stage.unlink()
            (view / "history" / "stages" / "changes.json").unlink()
        process = start("scan", killed, *scan)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=random.uniform(0.2, 1.0) * undisturbed.seconds)
        ended = process.poll()
        kill(process)
        if ended is None:
            pieces = len(list(view.glob("scan/*.npz"))) + len(list(view.glob("history/epoch_001/scan/*.npz")))
            moments.append(pieces)
            print(f"kill {len(moments)}: {pieces} files of pieces on disk", flush=True)
        elif ended:
            sys.exit("a scan failed that was not killed")
    finish(start("scan", killed, *scan))
    different = [name for name in FILES if (whole / "log_polar" / name).read_bytes() != (view / name).read_bytes()]
    result = {
        "machine": machine_line(),
        "seconds_undisturbed": round(undisturbed.seconds, 1),
        "pieces_at_kills": moments,
        "files": len(FILES),
        "different": different,
    }
    print(json.dumps(result))
    shutil.rmtree(folder)
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
