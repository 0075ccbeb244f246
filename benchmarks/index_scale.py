"""ImageNet's size without ImageNet: planning, numbering and opening 1,281,167 + 50,000 rows.

    python -m benchmarks.index_scale [--folder FOLDER]

Names and sizes are made up; no image is read or written.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from lp_core.indexing.identity import ImageClass
from lp_core.indexing.layouts.found import Files, Found
from lp_core.indexing.manifest import write_manifest, written_rows
from lp_core.indexing.plan import Plan
from lp_core.indexing.writing import Written
from lp_core.storage import Storage

ROWS = {"train": 1_281_167, "validation": 50_000}
OPEN = """
import json, sys, time
import numpy as np, pyarrow.parquet
from lp_core.dataset.folder import DatasetFolder
def peak_mb():
    lines = dict(line.split(":") for line in open("/proc/self/status"))
    return round(int(lines["VmHWM"].split()[0]) / 1024)
before = peak_mb()
start, busy = time.monotonic(), time.process_time()
data = DatasetFolder.open(sys.argv[1])
rows = {split: data.rows(split) for split in ("train", "validation")}
opened, busy = time.monotonic() - start, time.process_time() - busy
seconds = []
for row in np.random.default_rng(0).integers(0, len(rows["train"]), 1000).tolist():
    start = time.monotonic()
    place = rows["train"].place(int(rows["train"].group[row])), rows["train"].image_id(row), rows["train"].label[row]
    seconds.append(time.monotonic() - start)
print(json.dumps({"open_s": round(opened, 2), "open_cpu_s": round(busy, 2),
                  "row_ms_median": round(1000 * float(np.median(seconds)), 4),
                  "row_ms_slowest_of_1000": round(1000 * max(seconds), 3),
                  "process_mb": peak_mb(), "process_before_opening_mb": before}))
"""


def made_up(split: str, rows: int) -> Files:
    rng = np.random.default_rng(0)
    wnids = [f"n{number:08d}" for number in range(1_440_764, 1_441_764)]
    labels = np.sort(rng.integers(0, 1000, rows))
    sizes = rng.integers(20_000, 200_000, rows)
    if split == "train":
        names = [f"{wnids[label]}/{wnids[label]}_{row}.JPEG" for row, label in enumerate(labels.tolist())]
    else:
        names = [f"ILSVRC2012_val_{row + 1:08d}.JPEG" for row in range(rows)]
    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return Files(names, labels, [f"{split}.tar"] * rows, offsets, sizes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    folder = parser.parse_args().folder or Path(tempfile.mkdtemp())
    report: dict[str, float] = {}
    out = Storage.at(folder)
    files = {split: made_up(split, rows) for split, rows in ROWS.items()}
    start = time.monotonic()
    plans = {split: Plan(split, one, seed=0) for split, one in files.items()}
    report["plan_s"] = round(time.monotonic() - start, 1)
    start = time.monotonic()
    shards = {}
    for split, plan in plans.items():
        shards[split] = [
            written_rows(out, piece, Written([len(group) for group in piece.groups], "0" * 64, {}))[0]
            for piece in plan.pieces()
        ]
    found = Found("tars", {}, [ImageClass(f"class {k}") for k in range(1000)], files)
    write_manifest(out, found, shards)
    report["number_and_write_s"] = round(time.monotonic() - start, 1)
    report["indexing_process_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    report["folder_mb"] = round(sum(path.stat().st_size for path in folder.rglob("*.*") if path.is_file()) / 1e6, 1)
    opened = subprocess.run([sys.executable, "-c", OPEN, str(folder)], capture_output=True, text=True, check=True)
    print(json.dumps(report | json.loads(opened.stdout), indent=1))


if __name__ == "__main__":
    main()
