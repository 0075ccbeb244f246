"""10,000 mutated photographs through the reader: no crash, no hang, memory bounded.

    python -m benchmarks.index_fuzz [--count 10000] [--seed 0]

A child process decodes, so that a crash of a decoder's C code shows as an exit code, not as the end of the benchmark.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import time
from pathlib import Path

import numpy as np

SAMPLE = Path(__file__).parents[2] / "shared" / "data" / "imagenet-sample"
PIECE = 500


def originals() -> list[bytes]:
    """Generated photographs of every odd kind and, where they are at hand, real ones of at most 60 kB."""
    from tests.lp_core.indexing.imagenet_forms import photos

    real = [path.read_bytes() for path in sorted(SAMPLE.glob("*.JPEG"))] if SAMPLE.exists() else []
    return [photo.data for photo in photos() if photo.good] + [data for data in real if len(data) < 60_000][:40]


def piece(seed: int, first: int, last: int, results: multiprocessing.Queue) -> None:
    """Mutate and read some photographs; report counts, the slowest, and the memory used."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libjpeg comments on every damaged file
    from lp_core.indexing.quarantine import fault
    from tests.lp_core.indexing.mutation import mutated

    whole = originals()
    usable, slowest = 0, 0.0
    for number in range(first, last):
        rng = np.random.default_rng([seed, number])
        data = mutated(whole[rng.integers(len(whole))], whole[rng.integers(len(whole))], rng)
        start = time.monotonic()
        usable += fault(data, decode=True) is None
        slowest = max(slowest, time.monotonic() - start)
    results.put((usable, slowest, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    found, crashes, start = [], [], time.monotonic()
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
            found.append(results.get())
    report = {
        "count": options.count,
        "seed": options.seed,
        "crashed_or_hung": crashes,
        "decoded": sum(one[0] for one in found),
        "refused": options.count - sum(one[0] for one in found),
        "slowest_s": round(max(one[1] for one in found), 2),
        "peak_mb": round(max(one[2] for one in found)),
        "seconds": round(time.monotonic() - start, 1),
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
