"""What one more line of metrics.jsonl costs, and one look at it: whole files, as before, against appended ones.

    python -m benchmarks.metrics_log [--folder DIR] [--store]

Median milliseconds over calls at a length of 100, 5,000 and 50,000 lines; "write" is a call that reaches the file,
"read" the look that finds its line. DIR is a folder of a disk (default: the temporary one). `--store` adds an S3 server
of this machine (moto), to which both ways upload at every call.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.machine import machine_line
from benchmarks.timing import Stopwatch
from lp_core.storage import Storage
from tasks.metrics_log import FILE, MetricsLog
from tasks.metrics_reader import MetricsReader
from tests.workflows.object_store import object_store

LENGTHS = (100, 5_000, 50_000)
CALLS = 9


def line(step: int) -> dict[str, Any]:
    """A line as a training writes it."""
    return {
        **{
            "step": step,
            "epoch": round(step / 5005, 4),
            "seconds": round(2.571 * step, 1),
            "loss": 6.9077 / (1 + step),
        },
        **{"top1": 100 * step / (step + 7), "learning_rate": 0.1 / (1 + step), "images_per_s": 1013.7},
        **{"waiting_share": 0.013, "model_tflops": 93.9207, "peak_share": 0.0949},
    }


class Whole:
    """The log of before: every call that reaches the file writes it anew, every look parses it whole."""

    def __init__(self, folder: Storage, length: int) -> None:
        self.folder, self.lines = folder, [line(step) for step in range(1, length)]

    def write(self, added: dict[str, Any]) -> None:
        self.lines.append(added)
        self.folder.write_bytes(FILE, "".join(json.dumps(line) + "\n" for line in self.lines).encode())

    def read(self) -> int:
        return len([json.loads(text) for text in self.folder.read_bytes(FILE).splitlines()])


class Appended:
    """The log of now."""

    def __init__(self, folder: Storage, length: int) -> None:
        self.log, self.reader, self.is_local = MetricsLog(folder, 0), MetricsReader(folder), folder.is_local
        for step in range(1, length):
            self.log.write(line(step))
        self.log.flush()
        self.reader.new_lines()

    def write(self, added: dict[str, Any]) -> None:
        self.log.write(added)
        if not self.is_local:
            self.log.flush()

    def read(self) -> int:
        return len(self.reader.new_lines())


def milliseconds(call: Callable[[], object]) -> float:
    with Stopwatch(time.perf_counter) as watch:
        call()
    return 1000 * watch.seconds


def measure(way: Whole | Appended, length: int) -> tuple[float, float]:
    """Median milliseconds of a log call and of the look after it."""
    writes, reads = [], []
    for call in range(CALLS):
        added = line(length + call)
        writes.append(milliseconds(lambda added=added: way.write(added)))  # type: ignore[misc]
        reads.append(milliseconds(way.read))
    return statistics.median(writes), statistics.median(reads)


def table(place: str, folder: Storage) -> None:
    for length in LENGTHS:
        before = measure(Whole(folder / f"whole-{length}", length), length)
        now = Appended(folder / f"appended-{length}", length)
        with closing(now.log), closing(now.reader):
            after = measure(now, length)
        cells = " | ".join(f"{old:.3g} | {new:.2g} | {old / new:,.0f}" for old, new in zip(before, after, strict=True))
        print(f"| {place} | {length:,} | {cells} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--store", action="store_true")
    args = parser.parse_args()
    print(f"{machine_line()}\n")
    print("| where | lines | write, ms: before | now | ratio | read, ms: before | now | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        table("disk", Storage.at(folder))
        if args.store:
            with object_store("runs", Path(folder) / "moto.log") as store:
                table("S3 (moto)", Storage(store.uri("run")))


if __name__ == "__main__":
    main()
