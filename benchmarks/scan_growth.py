"""How a scan grows: time per 1,000 images as the scan gets longer, and of the reduce as the pieces get more.

    python -m benchmarks.scan_growth [--images 50000] [--pieces 10 100 400]

Everything but the network: peaks are drawn at random with the shape of a full-width VGG-16's.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import time

import numpy as np
import torch

from benchmarks.machine import machine_line
from benchmarks.timing import Stopwatch
from lp_core.exemplars.channel_statistics import ChannelStatistics
from lp_core.exemplars.peaks import Peaks
from lp_core.exemplars.ring_activity import RingActivity
from lp_core.exemplars.scan_result import ScanResult
from lp_core.exemplars.top_k import TopK
from lp_core.network.layers import conv_channels
from lp_core.network.receptive_field import map_shape
from lp_core.storage import Storage
from tasks.reducing import GROUP, join_files, read_joined

LAYERS = conv_channels(1.0)
BATCH = 32


def random_peaks(generator: torch.Generator, shape_SR: tuple[int, int]) -> Peaks:
    """Log-normal values, uniform places."""
    value_NC = torch.randn(BATCH, sum(LAYERS.values()), generator=generator).exp()
    places = [
        torch.stack([torch.randint(n, (BATCH, count), generator=generator) for n in map_shape(layer, shape_SR)], 2)
        for layer, count in LAYERS.items()
    ]
    return Peaks(value_NC, torch.cat(places, 1).int())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--pieces", type=int, nargs="+", default=[10, 100, 400])
    options = parser.parse_args()
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    shape_SR = (224, 224)
    variety = [random_peaks(generator, shape_SR) for _ in range(8)]
    top_k, counts = TopK.empty(sum(LAYERS.values())), ChannelStatistics.empty(LAYERS, shape_SR)
    rings = RingActivity.empty(np.zeros(sum(LAYERS.values())))
    for sums in (rings.sum_CB, rings.square_CB, rings.active_CB, rings.above_CB, rings.sector_CS):
        sums[:] = np.random.default_rng(0).integers(0, 2**40, sums.shape)  # hardly compressible, as real ones
    seconds = {"nine": 0.0, "statistics": 0.0}
    growth = {}
    marks = {min(mark, options.images) for mark in (1_000, 5_000, 20_000, 50_000)}
    for first_row in range(0, options.images, BATCH):
        peaks = variety[first_row // BATCH % len(variety)]
        peaks = Peaks(peaks.value_NC * torch.rand(peaks.value_NC.shape, generator=generator), peaks.position_NC2)
        rows = range(first_row, first_row + BATCH)
        with Stopwatch(time.process_time) as nine:
            top_k = top_k.push(peaks, rows)
        with Stopwatch(time.process_time) as statistics:
            counts.push(peaks, rows)
        seconds["nine"] += nine.seconds
        seconds["statistics"] += statistics.seconds
        for mark in marks:
            if first_row < mark <= first_row + BATCH:
                growth[mark] = {name: round(taken / mark * 1000, 3) for name, taken in seconds.items()}

    reduce = {}
    with tempfile.TemporaryDirectory() as path:
        folder = Storage.at(path)
        # Statistics refuse to count an image twice, so the copies are given rows of their own.
        for number in range(max(options.pieces)):
            counts.row_N = np.arange(512 * number, 512 * (number + 1))
            folder.write_bytes(f"{number}.npz", ScanResult(top_k, counts, rings).to_bytes())
        for pieces in options.pieces:
            files, level = [f"{number}.npz" for number in range(pieces)], 0
            in_tasks = []
            while len(files) > GROUP:
                level += 1
                groups = [tuple(files[at : at + GROUP]) for at in range(0, len(files), GROUP)]
                files = [f"joined-{level}-{number}.npz" for number in range(len(groups))]
                for group, file in zip(groups, files, strict=True):
                    with Stopwatch(time.process_time) as task:
                        join_files(path, group, file)
                    in_tasks.append(task.seconds)
            with Stopwatch(time.process_time) as command:
                read_joined(folder, files)
            reduce[pieces] = {
                "tasks": len(in_tasks),
                "all_tasks": round(sum(in_tasks), 2),
                "one_task_at_most": round(max(in_tasks, default=0.0), 2),
                "command_itself": round(command.seconds, 2),
            }

    def stored(arrays: dict[str, np.ndarray]) -> int:
        file = io.BytesIO()
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        return file.tell()

    sizes = {"nine": stored(top_k.to_arrays()), "statistics": stored(counts.to_arrays())}
    result = {
        "machine": machine_line(),
        "seconds_per_1000_images_so_far": growth,
        "reduce_seconds_by_pieces": reduce,
        "bytes_stored": sizes,
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
