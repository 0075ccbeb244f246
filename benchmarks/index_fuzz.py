"""10,000 mutated photographs through the reader: no crash, no hang, memory bounded.

    python -m benchmarks.index_fuzz [--count 10000] [--seed 0]
    python -m benchmarks.index_fuzz --crops     # a random crop of each, decoded alone (nvImageCodec) and as part of all

A child process decodes, so that a crash of a decoder's C code shows as an exit code, not as the end of the benchmark.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
from collections import Counter

import numpy as np

from benchmarks.machine import PHOTOGRAPHS, machine_line, peak_megabytes
from benchmarks.timing import Stopwatch

PIECE = 500


def originals() -> list[bytes]:
    """Generated photographs of every odd kind and, where they are at hand, real ones of at most 60 kB."""
    from tests.lp_core.indexing.imagenet_forms import photos

    real = [path.read_bytes() for path in sorted(PHOTOGRAPHS.glob("*.JPEG"))]
    return [photo.data for photo in photos() if photo.good] + [data for data in real if len(data) < 60_000][:40]


def crop_outcome(data: bytes, rng: np.random.Generator) -> str:
    """Decode a crop of a photograph alone and as a part of the whole; say what both came to."""
    from lp_core.images.crop import Crop, random_crop, resize_crop
    from lp_core.images.decode import ImageError
    from lp_core.images.decode_crop import decode_crop

    seed = rng.integers(2**32)

    def choose(height: int, width: int) -> Crop:
        return random_crop(height, width, (0.08, 1.0), (3 / 4, 4 / 3), 0.5, np.random.default_rng(seed))

    outcomes = []
    for whole in (False, True):
        try:
            outcomes.append(resize_crop(*decode_crop(data, choose, whole=whole), 64))
        except ImageError:
            outcomes.append(None)
    alone, part = outcomes
    if alone is None or part is None:
        return "refused" if alone is part else "refused as a whole" if part is None else "refused alone"
    return "decoded" if np.array_equal(alone, part) else "decoded to other pixels"


def file_outcome(data: bytes, _: np.random.Generator) -> str:
    """Decode a photograph as an index does."""
    from lp_core.indexing.quarantine import why_unusable

    return "decoded" if why_unusable(data, decode=True) is None else "refused"


def piece(seed: int, first: int, last: int, crops: bool, results: multiprocessing.Queue) -> None:
    """Mutate and read some photographs; report counts, the slowest, and the memory used."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libjpeg comments on every damaged file
    from tests.lp_core.indexing.mutation import mutated

    outcome = crop_outcome if crops else file_outcome
    whole = originals()
    counts: Counter[str] = Counter()
    slowest = 0.0
    for number in range(first, last):
        rng = np.random.default_rng([seed, number])
        data = mutated(whole[rng.integers(len(whole))], whole[rng.integers(len(whole))], rng)
        with Stopwatch() as watch:
            counts[outcome(data, rng)] += 1
        slowest = max(slowest, watch.seconds)
    results.put((counts, slowest, peak_megabytes()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--crops", action="store_true", help="random crops, decoded alone and as part of the whole")
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    pieces, crashes = [], []
    with Stopwatch() as watch:
        for first in range(0, options.count, PIECE):
            results = context.Queue()
            last = min(options.count, first + PIECE)
            child = context.Process(target=piece, args=(options.seed, first, last, options.crops, results))
            child.start()
            child.join(600)  # what it puts is small, so it need not be read first
            if child.is_alive() or child.exitcode != 0:
                crashes.append([first, last, child.exitcode])
                child.kill()
            else:
                pieces.append(results.get())
    counts, slowest, memory = zip(*pieces, strict=True)
    report = {
        "machine": machine_line(),
        "count": options.count,
        "seed": options.seed,
        "crashed_or_hung": crashes,
        **sum(counts, Counter()),
        "slowest_s": round(max(slowest), 2),
        "peak_mb": round(max(memory)),
        "seconds": round(watch.seconds, 1),
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
