"""10,000 mutated photographs through the reader: no crash, no hang, memory bounded.

    python -m benchmarks.index_fuzz [--count 10000] [--seed 0]

A child process decodes, so that a crash of a decoder's C code shows as an exit code, not as the end of the benchmark.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os

import numpy as np

from benchmarks.machine import PHOTOGRAPHS, machine_line, peak_megabytes
from benchmarks.timing import Stopwatch

PIECE = 500


def originals() -> list[bytes]:
    """Generated photographs of every odd kind and, where they are at hand, real ones of at most 60 kB."""
    from tests.lp_core.indexing.imagenet_forms import photos

    real = [path.read_bytes() for path in sorted(PHOTOGRAPHS.glob("*.JPEG"))]
    return [photo.data for photo in photos() if photo.good] + [data for data in real if len(data) < 60_000][:40]


def piece(seed: int, first: int, last: int, results: multiprocessing.Queue) -> None:
    """Mutate and read some photographs; report counts, the slowest, and the memory used."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libjpeg comments on every damaged file
    from lp_core.indexing.quarantine import why_unusable
    from tests.lp_core.indexing.mutation import mutated

    whole = originals()
    usable, slowest = 0, 0.0
    for number in range(first, last):
        rng = np.random.default_rng([seed, number])
        data = mutated(whole[rng.integers(len(whole))], whole[rng.integers(len(whole))], rng)
        with Stopwatch() as watch:
            usable += why_unusable(data, decode=True) is None
        slowest = max(slowest, watch.seconds)
    results.put((usable, slowest, peak_megabytes()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    pieces, crashes = [], []
    with Stopwatch() as watch:
        for first in range(0, options.count, PIECE):
            results = context.Queue()
            last = min(options.count, first + PIECE)
            child = context.Process(target=piece, args=(options.seed, first, last, results))
            child.start()
            child.join(600)
            if child.is_alive() or child.exitcode != 0:
                crashes.append([first, last, child.exitcode])
                child.kill()
            else:
                pieces.append(results.get())
    decoded, slowest, memory = zip(*pieces, strict=True)
    report = {
        "machine": machine_line(),
        "count": options.count,
        "seed": options.seed,
        "crashed_or_hung": crashes,
        "decoded": sum(decoded),
        "refused": options.count - sum(decoded),
        "slowest_s": round(max(slowest), 2),
        "peak_mb": round(max(memory)),
        "seconds": round(watch.seconds, 1),
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
