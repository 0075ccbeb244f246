"""Rows/s of writing shards from class folders and from ImageNet's tar of tars, against reading the same bytes.

    python -m benchmarks.index_writing [--copies 6] [--processes 1]

Real photographs (`../shared/data/imagenet-sample`, 108 kB on average) are copied under new names.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import tarfile
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.machine import PHOTOGRAPHS, machine_line, peak_megabytes
from benchmarks.timing import Stopwatch
from lp_core.indexing.layouts import find
from lp_core.indexing.writing.plan import Plan, PlannedShard
from lp_core.indexing.writing.shard_writer import write_shard
from lp_core.indexing.writing.stored_form import StoredForm
from lp_core.storage import Storage


def build(folders: Path, tars: Path, copies: int) -> tuple[int, int]:
    """Write both forms; return the number of photographs and their bytes."""
    rows = size = 0
    tars.mkdir()
    with tarfile.open(tars / "ILSVRC2012_img_train.tar", "w") as outer:
        for path in sorted(PHOTOGRAPHS.glob("*.JPEG")):
            wnid, data = path.name[:9], path.read_bytes()
            inner = io.BytesIO()
            (folders / "train" / wnid).mkdir(parents=True)
            with tarfile.open(fileobj=inner, mode="w") as archive:
                for copy in range(copies):
                    name = f"{wnid}_{copy}.JPEG"
                    (folders / "train" / wnid / name).write_bytes(data)
                    about = tarfile.TarInfo(name)
                    about.size = len(data)
                    archive.addfile(about, io.BytesIO(data))
                    rows, size = rows + 1, size + len(data)
            about = tarfile.TarInfo(f"{wnid}.tar")
            about.size = inner.tell()
            inner.seek(0)
            outer.addfile(about, inner)
    return rows, size


def write_one(source: Storage, out: Storage, planned: PlannedShard, form: StoredForm) -> float:
    """Write a shard; return the most memory this process has used, in MB."""
    write_shard(source, out, planned, form, ["?"])
    return peak_megabytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=6)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp())
    try:
        rows, size = build(root / "folders", root / "tars", options.copies)
        report: dict[str, object] = {"rows": rows, "mb": round(size / 1e6), "processes": options.processes}
        with Stopwatch() as reading:
            for path in sorted((root / "folders").rglob("*.JPEG")):
                path.read_bytes()
        report["read_rows_s"] = round(rows / reading.seconds)
        for name, form in [
            ("folders", StoredForm()),
            ("tars", StoredForm()),
            ("tars", StoredForm(check=True)),
            ("tars", StoredForm(short_side=256)),
        ]:
            source, out = Storage.at(root / name), Storage.at(root / "out")
            with Stopwatch() as listing:
                collection = find(source)
            pieces = list(Plan("train", collection.files["train"], 0).shards())
            context = get_context("spawn")
            with ProcessPoolExecutor(options.processes, context) as pool:
                list(pool.map(len, [[]] * options.processes))  # processes start before the clock does
                with Stopwatch() as writing:
                    works = [pool.submit(write_one, source, out, planned, form) for planned in pieces]
                    memory = max(work.result() for work in works)
            kind = "check" if form.check else "short side 256" if form.short_side else "unchanged"
            report[f"{name}, {kind}"] = {
                "list_s": round(listing.seconds, 2),
                "rows_s": round(rows / writing.seconds),
                "mb_s": round(size / 1e6 / writing.seconds),
                "process_mb": round(memory),
            }
            shutil.rmtree(root / "out")
        print(json.dumps({"machine": machine_line()} | report, indent=1))
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
