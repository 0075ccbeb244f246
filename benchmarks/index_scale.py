"""ImageNet's size without ImageNet: planning, numbering and opening 1,281,167 + 50,000 rows.

    python -m benchmarks.index_scale [--folder FOLDER]

Names and sizes are made up; no image is read or written.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.machine import machine_line, peak_megabytes
from benchmarks.timing import Stopwatch
from lp_core.indexing.collection import Collection, SplitFiles
from lp_core.indexing.identity.classes import ImageClass
from lp_core.indexing.manifest import write_manifest
from lp_core.indexing.writing.plan import Plan, PlannedShard
from lp_core.indexing.writing.written_shard import WrittenShard, written_rows
from lp_core.storage import Storage

ROWS = {"train": 1_281_167, "validation": 50_000}
OPEN = """
import json, sys, time
import numpy as np, pyarrow.parquet
from benchmarks.machine import peak_megabytes
from benchmarks.timing import Stopwatch, spread
from lp_core.dataset.folder import DatasetFolder
before = round(peak_megabytes())
with Stopwatch() as wall, Stopwatch(time.process_time) as busy:
    data = DatasetFolder.open(sys.argv[1])
    rows = {split: data.rows(split) for split in ("train", "validation")}
train, ms = rows["train"], []
for row in np.random.default_rng(0).integers(0, len(train), 1000).tolist():
    with Stopwatch() as watch:
        _ = train.place(int(train.group[row])), train.image_id(row), train.label[row]
    ms.append(1000 * watch.seconds)
ms = spread(ms, 4)
print(json.dumps({"open_s": round(wall.seconds, 2), "open_cpu_s": round(busy.seconds, 2),
                  "row_ms_median": ms["median"], "row_ms_slowest_of_1000": round(ms["max"], 3),
                  "process_mb": round(peak_megabytes()), "process_before_opening_mb": before}))
"""


def made_up(split: str, rows: int) -> SplitFiles:
    rng = np.random.default_rng(0)
    wnids = [f"n{number:08d}" for number in range(1_440_764, 1_441_764)]
    labels = np.sort(rng.integers(0, 1000, rows))
    sizes = rng.integers(20_000, 200_000, rows)
    if split == "train":
        names = [f"{wnids[label]}/{wnids[label]}_{row}.JPEG" for row, label in enumerate(labels.tolist())]
    else:
        names = [f"ILSVRC2012_val_{row + 1:08d}.JPEG" for row in range(rows)]
    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return SplitFiles(names, labels, [f"{split}.tar"] * rows, offsets, sizes)


def as_if_written(planned: PlannedShard) -> WrittenShard:
    """A shard without faults."""
    return WrittenShard([len(group) for group in planned.groups], "0" * 64, "0" * 64, {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="keep the data set folder there")
    chosen = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as temporary:
        print(json.dumps(measured(chosen or Path(temporary)), indent=1))


def measured(folder: Path) -> dict[str, object]:
    """Plan, number, write and open a folder of ImageNet's size."""
    report: dict[str, object] = {}
    out = Storage.at(folder)
    files = {split: made_up(split, rows) for split, rows in ROWS.items()}
    with Stopwatch() as planning:
        plans = {split: Plan(split, images, seed=0) for split, images in files.items()}
    report["plan_s"] = round(planning.seconds, 1)
    with Stopwatch() as writing:
        shards = {}
        for split, plan in plans.items():
            shards[split] = [written_rows(out, planned, as_if_written(planned))[0] for planned in plan.shards()]
        collection = Collection("tars", {}, [ImageClass(f"class {k}") for k in range(1000)], files)
        write_manifest(out, collection, shards)
    report["number_and_write_s"] = round(writing.seconds, 1)
    report["indexing_process_mb"] = round(peak_megabytes())
    report["folder_mb"] = round(sum(path.stat().st_size for path in folder.rglob("*.*") if path.is_file()) / 1e6, 1)
    opened = subprocess.run([sys.executable, "-c", OPEN, str(folder)], capture_output=True, text=True, check=True)
    return {"machine": machine_line(), **report, **json.loads(opened.stdout)}


if __name__ == "__main__":
    main()
