"""How fast a training is fed: the same network behind five ways of reading real JPEGs, one after the other.

    python -m benchmarks.loader --data DATA [--recipe tiny_imagenet] [--view log_polar] [--images 6000]
    python -m benchmarks.loader --data DATA --recipe imagenet --images 30000 --alone     # 224 px: reading, not training
    python -m benchmarks.loader --data DATA --apart     # training on the first core, Ray and its readers on the others

DATA is a data set folder. `mock` trains on one batch over and over: what computing alone allows. `in process` reads and
trains in turns. The original chain is torchvision's: JPEG files, PIL, RandomResizedCrop and flip, `cv2.warpPolar`,
ToTensor, Normalize, in a torch DataLoader. `alone` reads without training. The way through Ray Data is
`tasks.ingest.stream`, as in `logpolar train`. Speeds and waiting count from the first batch on.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in `logpolar train`

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from benchmarks.machine import machine_line
from benchmarks.original_chain import OriginalChain
from benchmarks.timing import Stopwatch, table_head, table_row
from lp_core.dataset.feed import Feed, Reading, open_dataset
from lp_core.network import inputs
from lp_core.network import learner as learning
from lp_core.settings import Recipe, ViewName
from tasks.connection import connected
from tasks.cpus import usable_cpus
from tasks.from_recipe import feed_of, learner_of, rows_of
from tasks.ingest import readings_of_training, stream
from tasks.worker_process import prepare_reading
from workflows.recipes import recipe as named

CORES = usable_cpus()
MOCK, RAY = "mock loader", "Ray Data"
BESIDE = f"{MOCK}, beside Ray's idle processes"
ROUNDS_APART = 4
LONG_READING = 1024
_normalized = inputs.normalized
Pair = tuple[Any, Any]
"""Images and labels of a batch."""


class OriginalFiles(Dataset):
    """JPEG files through the chain of 2018, normalised on the core."""

    def __init__(self, files: list[Path], labels: list[int], recipe: Recipe, view: ViewName) -> None:
        data = recipe.data
        self.files, self.labels = files, labels
        self.chain = OriginalChain(recipe.geometry.size, data.crop_scale, data.crop_ratio, data.flip, view)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        with Image.open(self.files[index]) as file:
            return self.chain(file), self.labels[index]


class OurFunction(IterableDataset):
    """`Feed.batches`, each worker with every so many readings."""

    def __init__(self, feed: Feed, readings: list[Reading]) -> None:
        self.feed, self.readings = feed, readings

    def __iter__(self) -> Iterator[Pair]:
        worker = get_worker_info()
        for reading in self.readings[worker.id :: worker.num_workers]:
            for batch in self.feed.batches(reading):
                yield batch.images_NSRC, batch.labels_N


@dataclass
class Measured:
    """What a way of reading came to."""

    images_per_s: float
    first_batch: float
    waiting_share: float


def drain(batches: Iterator[Pair], learner: learning.Learner | None) -> Measured:
    """Consume all batches; speed and waiting count from the first batch on."""
    with Stopwatch() as first:
        pair = next(batches, None)
    assert pair is not None, "nothing was read"
    waited, images = 0.0, 0
    tally = None
    with Stopwatch() as whole:
        while pair is not None:
            if learner is not None:
                tally = learner.learn(*pair, len(pair[1]))
            images += len(pair[1])
            with Stopwatch() as waiting:
                pair = next(batches, None)
            waited += waiting.seconds
        if tally is not None:
            tally.read()  # steps of a GPU count when they are done
    return Measured(images / whole.seconds, first.seconds, waited / whole.seconds)


def normalized(images: Any, device: torch.device) -> torch.Tensor:
    """As the learner's own, but what the original chain has normalised already stays as it is."""
    if isinstance(images, torch.Tensor) and images.is_floating_point():
        return images.to(device)
    return _normalized(images, device)


def ways(recipe: Recipe, feed: Feed, steps: int, folder: Path) -> dict[str, Callable[[], Iterator[Pair]]]:
    """Each starts its readers when called."""
    readings = readings_of_training(feed, 0, steps, set())
    # Without a task that fetches for all, each reading reads its row groups itself: the longer, the better.
    at_once = max(1, LONG_READING // feed.batch_size)
    long_readings = [Reading("train", step, min(steps, step + at_once)) for step in range(0, steps, at_once)]
    rows = rows_of(recipe, "train")[: steps * recipe.train.batch_size]
    labels = open_dataset(recipe.data.path).rows("train").label[rows].tolist()
    files = []
    for photograph in open_dataset(recipe.data.path).photographs("train", rows):
        files.append(folder / f"{photograph.row}.jpg")
        files[-1].write_bytes(photograph.data)
    repeated = next(feed.batches(Reading("train", 0, 1)))

    def original() -> Iterator[Pair]:
        chain = OriginalFiles(files, labels, recipe, feed.view)
        return iter(DataLoader(chain, recipe.train.batch_size, shuffle=True, num_workers=CORES))

    return {
        MOCK: lambda: ((repeated.images_NSRC, repeated.labels_N) for _ in range(steps)),
        "our function, in process": lambda: (
            (batch.images_NSRC, batch.labels_N) for reading in long_readings for batch in feed.batches(reading)
        ),
        f"DataLoader ({CORES} workers), original chain": original,
        f"DataLoader ({CORES} workers), our function": lambda: iter(
            DataLoader(OurFunction(feed, long_readings), batch_size=None, num_workers=CORES, collate_fn=_as_it_is)
        ),
        RAY: lambda: ((batch.images_NSRC, batch.labels_N) for batch in stream(feed, readings)),
        BESIDE: lambda: ((repeated.images_NSRC, repeated.labels_N) for _ in range(steps)),
    }


def _as_it_is(pair: Pair) -> Pair:
    return pair


def start_ray(stack: ExitStack, recipe: Recipe, feed: Feed, apart: set[int] | None) -> None:
    """Start Ray and its readers, which start once per training; on all cores but some, if these are given."""
    if apart:
        os.sched_setaffinity(0, os.sched_getaffinity(0) - apart)
    stack.enter_context(connected(training_cpus=len(recipe.views)))
    if apart:
        os.sched_setaffinity(0, apart)
    for _ in stream(feed, readings_of_training(feed, 0, 2, set())):
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--recipe", default="tiny_imagenet")
    parser.add_argument("--view", default="log_polar", choices=("cartesian", "log_polar"))
    parser.add_argument("--images", type=int, default=6000)
    parser.add_argument("--width", type=float, help="of the network, instead of the recipe's")
    parser.add_argument("--alone", action="store_true", help="read only; train nothing")
    parser.add_argument(
        "--apart", action="store_true", help="train on one core, with Ray on the others; Ray Data and mock in turns"
    )
    args = parser.parse_args()
    recipe = named(args.recipe)
    recipe = replace(recipe, data=replace(recipe.data, path=str(Path(args.data).resolve())))
    if args.width:
        recipe = replace(recipe, network=replace(recipe.network, width=args.width))
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    prepare_reading()
    feed = feed_of(recipe, args.view)
    classes = len(open_dataset(recipe.data.path).class_names)
    steps = min(feed.steps_per_epoch, args.images // recipe.train.batch_size)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    print(f"{recipe.name}, {args.view}, width {recipe.network.width:g}, {steps} steps, {device}")
    first = {min(os.sched_getaffinity(0))}
    if args.apart:
        torch.set_num_threads(1)
    print(f"{machine_line(device)}\n")
    columns = ("images/s in training", "first batch, s", "waiting share", "images/s alone", "first batch, s")
    print(table_head("way", *columns))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        batch = next(feed.batches(Reading("train", 0, 1)))
        warm_up = batch.images_NSRC, batch.labels_N
        stack.enter_context(patch.object(learning, "normalized", normalized))
        by_name = ways(recipe, feed, steps, Path(folder))
        started = False
        for name in [RAY, BESIDE] * ROUNDS_APART if args.apart else by_name:
            begin = by_name[name]
            if name == RAY and not started:
                started = True
                # After the others: processes that DataLoader forks would inherit Ray's threads.
                start_ray(stack, recipe, feed, first if args.apart else None)
            cells = [name, "", "", "", "", ""]
            if args.alone and name.startswith(MOCK):
                continue
            if not args.alone:
                learner = learner_of(recipe, args.view, classes, feed.steps_per_epoch, device)
                learner.learn(*warm_up, len(warm_up[1]))
                training = drain(begin(), learner)
                cells[1:4] = (
                    f"{training.images_per_s:.0f}",
                    f"{training.first_batch:.2f}",
                    f"{training.waiting_share:.3f}",
                )
            if not name.startswith(MOCK) and not args.apart:
                reading = drain(begin(), None)
                cells[4:] = f"{reading.images_per_s:.0f}", f"{reading.first_batch:.2f}"
            print(table_row(*cells), flush=True)


if __name__ == "__main__":
    main()
