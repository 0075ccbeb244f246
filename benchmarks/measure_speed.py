"""Seconds and memory of the whole of `logpolar measure`, without the scans, for one run of both views.

    python -m benchmarks.measure_speed
    python -m benchmarks.measure_speed --width 0.125 --images 600 --samples 200

The files of the scans are synthetic and of full size: nine of 50,000 images for each of 4,224 channels of four networks
(both views, trained and untrained), 1,000 classes of ImageNet, hashes, padding and fill, the maxima of all images, and
activations by ring and sector. The tasks run in two processes, as on a machine of two cores.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.machine import FamilyMemory, machine_line
from benchmarks.measures_speed import popular_nines
from benchmarks.timing import Stopwatch
from lp_core.exemplars.map_regions import map_regions
from lp_core.exemplars.ring_activity import LayerActivity, read_ring_activity, rings_bytes
from lp_core.exemplars.scan_files import write_halves
from lp_core.exemplars.table import InputShares, exemplar_table, write_exemplars
from lp_core.exemplars.top_k import TopK
from lp_core.findings.run_tables import MeasuredChannels, MeasuredNetwork, run_tables
from lp_core.findings.verdict_rows import RunSize, findings
from lp_core.measures.rules import committed_rules, read_rules
from lp_core.measures.wordnet import hypernyms
from lp_core.network.layers import conv_channels
from lp_core.network.receptive_field import map_shape
from lp_core.run.files import MAXIMA, MAXIMA_IMAGES, RINGS
from lp_core.settings import VIEW_NAMES, MeasureSettings, NetworkSettings, Recipe, ViewSettings
from lp_core.storage import Storage
from tasks.measuring import CHANNELS, GROUPS, NetworkNines, finished_part, group_nines, read_nines
from tasks.twins import TwinNetwork, twins_of


class TwoProcesses:
    """Runs pieces in two processes."""

    def __init__(self) -> None:
        self.pool = ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))
        self.processor = 0.0

    def run(self, function, pieces, gpus=0.0):
        for future in as_completed([self.pool.submit(timed, function, *piece) for piece in pieces]):
            result, seconds = future.result()
            self.processor += seconds
            yield result


def timed(function, *arguments):
    """A function's result, and the processor time that it took; here, because a process must import it."""
    with Stopwatch(time.process_time) as watch:
        result = function(*arguments)
    return result, watch.seconds


def write_data_set(folder: Storage, images: int) -> np.ndarray:
    """A data set folder without photographs; return the labels of its images."""
    edges = hypernyms()
    classes = min(1000, max(2, images // 50))
    wnids = sorted(set(edges) - {parent for parents in edges.values() for parent in parents})[:classes]
    named = [{"index": index, "wnid": wnid, "name": wnid} for index, wnid in enumerate(wnids)]
    folder.write_json("manifest.json", {"format": 1, "fingerprint": "synthetic", "splits": {}, "classes": named})
    return np.arange(images) % classes


def write_scan(folder: Storage, recipe: Recipe, label_N: np.ndarray, fill: bool, rng: np.random.Generator) -> None:
    """The exemplars of one network."""
    counts, size, images = conv_channels(recipe.network.width), recipe.geometry.size, len(label_N)
    row_CK = np.concatenate([popular_nines(count, images, rng) for count in counts.values()])
    unit_CK2 = np.concatenate(
        [rng.integers(0, map_shape(layer, (size, size)), (count, 9, 2)) for layer, count in counts.items()]
    )
    value_CK = np.sort(rng.random(row_CK.shape).astype(np.float32))[:, ::-1]
    rows = pa.table({"row": np.arange(images), "image_id": np.arange(images).astype(str), "label": label_N})
    masks = {"fill": rng.random((size, size)) < 0.04} if fill else {}
    names = [str(label) for label in range(label_N.max() + 1)]
    nine = TopK(value_CK, row_CK.astype(np.int64), unit_CK2.astype(np.int32))
    write_exemplars(exemplar_table(nine, counts, rows, names, shares=InputShares((size, size), masks)), folder)


def write_maxima(folder: Storage, channels: int, images: int, rng: np.random.Generator) -> None:
    """The maxima of all images, and the hashes of the photographs."""
    hashes = np.random.default_rng(0).integers(0, 2**63, images).astype(np.uint64)
    folder.write_table(MAXIMA_IMAGES, pa.table({"row": np.arange(images), "hash": hashes}))
    blocks = (
        np.maximum(rng.normal(size=(len(part), channels)), 0).astype(np.float16)
        for part in np.array_split(np.arange(images), 50)
    )
    with folder.writing(MAXIMA) as file:
        write_halves(file, (images, channels), blocks)


def activity(view, recipe: Recipe, rng: np.random.Generator) -> dict[str, LayerActivity]:
    """Sums by ring and sector of one network."""
    layers = {}
    for layer, count in conv_channels(recipe.network.width).items():
        regions = map_regions(view, recipe.geometry, layer)
        by_bin = regions.cells_B * rng.gamma(2, 1, (count, len(regions.cells_B)))
        by_sector = regions.cells_S * rng.gamma(2, 1, (count, len(regions.cells_S)))
        counts, threshold_C = by_bin.astype(np.int64), np.ones(count)
        layers[layer] = LayerActivity(
            regions.radius_E,
            regions.cells_B,
            by_bin,
            by_bin**2,
            counts,
            counts,
            threshold_C,
            by_sector,
            regions.cells_S,
        )
    return layers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--samples", type=int, default=1_000)
    parser.add_argument("--width", type=float, default=1.0, help="of the network; 1/8 with 600 images is the demo")
    parser.add_argument("--size", type=int, default=224, help="side of the network input")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    recipe = Recipe(
        name="imagenet",
        geometry=ViewSettings(size=options.size),
        network=NetworkSettings(width=options.width),
        measure=MeasureSettings(samples=options.samples),
    )
    channels = sum(conv_channels(options.width).values())
    with tempfile.TemporaryDirectory() as scratch:
        root = Storage.at(Path(scratch))
        label_N = write_data_set(root / "data", options.images)
        pieces = []
        for view in VIEW_NAMES:
            write_maxima(root / view / "trained", channels, options.images, rng)
            for network in ("trained", "untrained"):
                folder = root / view / network
                write_scan(folder, recipe, label_N, view == "log_polar", rng)
                hashes = (root / view / "trained").uri
                common = (folder.uri, "any", (root / "data").uri, hashes, options.samples, 0)
                pieces.append(NetworkNines(root.uri, view, network, *common))
            for network in ("trained", "untrained", "scrambled"):
                (root / view / network).write_bytes(RINGS, rings_bytes(activity(view, recipe, rng)))
        seconds: dict[str, float] = {}
        processor: dict[str, float] = {}
        os.environ["OMP_NUM_THREADS"] = "1"  # as Ray sets it for tasks of one CPU
        executor = TwoProcesses()
        with FamilyMemory() as memory, Stopwatch() as whole:
            with Stopwatch() as watch:
                list(executor.run(group_nines, [(piece,) for piece in pieces]))
            seconds["grouping of four networks"] = watch.seconds
            processor["grouping of four networks"] = executor.processor
            with Stopwatch() as watch:
                a, b = (TwinNetwork(view, (root / view / "trained").uri) for view in VIEW_NAMES)
                twins = twins_of(a, b, recipe, executor)
            seconds["twin channels of both views"] = watch.seconds
            processor["twin channels of both views"] = executor.processor - processor["grouping of four networks"]
            with Stopwatch() as watch:
                groupings = {(piece.view, piece.network): finished_part(piece, GROUPS) for piece in pieces}
                networks = [
                    MeasuredNetwork(
                        view, network, groupings.get((view, network)), read_ring_activity(root / view / network)
                    )
                    for view in VIEW_NAMES
                    for network in ("trained", "untrained", "scrambled")
                ]
                trained = {
                    piece.view: MeasuredChannels(read_nines(Storage(piece.scan)), finished_part(piece, CHANNELS))
                    for piece in pieces
                    if piece.network == "trained"
                }
                made = run_tables(networks, trained, recipe.geometry, twins=twins)
                size = RunSize(options.size, int(label_N.max()) + 1, options.images, made.complete_channels())
                findings([made.values], [size], read_rules(committed_rules()))
            seconds["tables and findings"] = watch.seconds
        seconds["all"] = whole.seconds
        executor.pool.shutdown()
    report = {
        "machine": machine_line(),
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "processor seconds of the tasks": {name: round(value, 1) for name, value in processor.items()},
        "peak memory of all processes, GiB": round(memory.megabytes / 1024, 2),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
