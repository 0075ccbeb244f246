"""A whole scan as `logpolar scan` does it: reading, decoding, the network, pieces on disk, the reduce; with its memory.

    logpolar index ../shared/data/tiny-imagenet-100 DATA
    python -m benchmarks.scan_end_to_end DATA --images 5000                                     # validation, full width
    python -m benchmarks.scan_end_to_end DATA --split train --width 0.125 --images 5000 20000 50000
    python -m benchmarks.scan_end_to_end DATA --images 2000 --piece-rows 8 32 128 --width 0.125   # the reduce

The network has its first weights, which take as long as trained ones. Seconds are wall clock from the first piece on,
Ray and its workers already started by a scan of one piece; memory is the largest sum, seen four times a second, of the
proportional set sizes of this process and all that it started.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.machine import FamilyMemory, machine_line, single_threaded
from benchmarks.timing import Stopwatch
from lp_core.fingerprint import checksum
from lp_core.network.initialization import initialize
from lp_core.network.vgg16 import VGG16
from lp_core.run.weights import FILE, weights_bytes
from lp_core.settings import DataSettings, NetworkSettings, Recipe, ScanSettings, ViewSettings
from lp_core.storage import Storage
from tasks.cpus import usable_cpus
from workflows import scan as scanning
from workflows.session import Session
from workflows.stages import StageGraph


def prepared(recipe: Recipe, folder: str) -> Storage:
    """A run whose training is finished before it began."""
    run, (view,) = Storage.at(folder), recipe.views
    session = Session(recipe, run)
    network = VGG16(len(session.dataset.class_names), recipe.network, view)
    data = weights_bytes(initialize(network, "variance-preserving", 0))
    (run / view).write_bytes(FILE, data)
    StageGraph(recipe, run).train(view).finish(0.0, weights=checksum(data))
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--images", type=int, nargs="+", default=[5000])
    parser.add_argument("--piece-rows", type=int, nargs="+", default=[512])
    parser.add_argument("--split", default="validation")
    parser.add_argument("--view", choices=["cartesian", "log_polar"], default="log_polar")
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--maxima", action="store_true")
    parser.add_argument("--keep", help="folder to keep the runs in, to look at their tables")
    options = parser.parse_args()
    base = Recipe(
        name="benchmark",
        views=(options.view,),
        data=DataSettings(path=str(Path(options.data).resolve()), eval_crop=1.0),
        geometry=ViewSettings(size=options.side),
        network=NetworkSettings(width=options.width, pool=1, angle_padding="circular"),
        scan=ScanSettings(split=options.split, maxima="always" if options.maxima else "never"),
    )
    folder = Path(options.keep or tempfile.mkdtemp(prefix="scan"))
    reduce_seconds = []
    reduce = scanning._reduce

    def timed(*arguments: object) -> object:
        with Stopwatch() as watch:
            result = reduce(*arguments)  # type: ignore[arg-type]
        reduce_seconds.append(watch.seconds)
        return result

    scanning._reduce = timed  # type: ignore[assignment]
    warm_up = replace(base, data=replace(base.data, limit=64))
    results = []
    with Session(warm_up, prepared(warm_up, str(folder / "warm_up"))) as session:
        scanning.scan(session)
        for images, piece_rows in itertools.product(options.images, options.piece_rows):
            recipe = replace(
                base, data=replace(base.data, limit=images), scan=replace(base.scan, piece_rows=piece_rows)
            )
            session.recipe, session.run = recipe, prepared(recipe, str(folder / f"{images}-{piece_rows}"))
            with Stopwatch() as watch, FamilyMemory() as memory:
                scanning.scan(session)
            results.append(
                {
                    "images": images,
                    "pieces": -(-images // piece_rows),
                    "seconds": round(watch.seconds, 1),
                    "seconds_per_1000_images": round(1000 * watch.seconds / images, 2),
                    "reduce_seconds": round(reduce_seconds[-1], 2),
                    "peak_memory_mb": round(memory.megabytes),
                }
            )
            print(json.dumps(results[-1]), flush=True)
    single_threaded()  # as the tasks of the scan were
    about = {"options": vars(options), "machine": machine_line(), "cores": usable_cpus()}
    print(json.dumps(about | {"results": results}, indent=1))


if __name__ == "__main__":
    main()
