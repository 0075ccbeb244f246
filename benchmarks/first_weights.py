"""How soon small networks leave the plateau at ln(classes), by first weights: a short one-cycle, one after the other.

    python -m benchmarks.first_weights DATA [--images 12800] [--view log_polar] [--threads 1]

DATA is a data set folder of photographs (`logpolar index`). Everything else is the `tiny_imagenet` recipe, in one epoch
of so many images; the loss is the mean over each eighth of it, accuracy that of 1,000 validation images.
"""

from __future__ import annotations

import argparse
import dataclasses
from itertools import pairwise

import torch

from benchmarks.machine import machine_line
from benchmarks.timing import Stopwatch, table_head, table_row
from lp_core.dataset.feed import Reading, open_dataset
from lp_core.errors import SettingError
from lp_core.network.accuracy import Counts
from lp_core.settings import Recipe, ViewName
from tasks.from_recipe import feed_of, learner_of
from tasks.worker_process import prepare_reading
from workflows.recipes import tiny_imagenet

WAYS = {
    "variance-preserving": {},
    "looks-linear": {},
    "looks-linear, 1e-3": {"learning_rate": 1e-3},
    "looks-linear, 3e-3": {"learning_rate": 3e-3},
    "looks-linear, foveal scale 1": {"foveal_scale": 1.0},
}


def settings(way: str, data: str, images: int) -> Recipe:
    """The recipe with first weights, and what else the way changes."""
    recipe, changes = tiny_imagenet(), WAYS[way]
    return dataclasses.replace(
        recipe,
        data=dataclasses.replace(recipe.data, path=data, limit=images),
        geometry=dataclasses.replace(
            recipe.geometry, foveal_scale=changes.get("foveal_scale", recipe.geometry.foveal_scale)
        ),
        network=dataclasses.replace(recipe.network, initialization=way.split(",")[0]),
        train=dataclasses.replace(
            recipe.train, epochs=1, learning_rate=changes.get("learning_rate", recipe.train.learning_rate)
        ),
    )


def trial(recipe: Recipe, view: ViewName, classes: int) -> tuple[list[float], Counts, float]:
    """Mean losses by eighths of the images, what the validation images say then, and images per second."""
    feed = feed_of(recipe, view)
    learner = learner_of(recipe, view, classes, feed.steps_per_epoch)
    edges = [feed.steps_per_epoch * part // 8 for part in range(9)]
    losses = []
    with Stopwatch() as watch:
        for first, last in pairwise(edges):
            counts = Counts()
            for batch in feed.batches(Reading("train", first, last)):
                counts += learner.learn(batch.images_NSRC, batch.labels_N, len(batch.labels_N)).read()[0]
            losses.append(counts.loss_sum / counts.images)
    speed = len(feed.rows("train", 0)) * feed.steps_per_epoch / watch.seconds
    few = feed_of(dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, limit=1000)), view)
    seen = Counts()
    for batch in few.batches(Reading("validation", 0, few.validation_batches)):
        seen += learner.evaluate(batch.images_NSRC, batch.labels_N).read()[0]
    return losses, seen, speed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--images", type=int, default=12800)
    parser.add_argument("--view", choices=["cartesian", "log_polar"], default="log_polar")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    prepare_reading()
    try:
        classes = len(open_dataset(args.data).class_names)
    except SettingError as error:
        parser.error(str(error))
    print(f"{machine_line()}, {args.view}, {args.images} images\n")
    print(table_head("first weights", "loss by eighths", "validation loss, top-1", "images/s"))
    for way in WAYS:
        losses, seen, speed = trial(settings(way, args.data, args.images), args.view, classes)
        curve = " ".join(f"{loss:.3f}" for loss in losses)
        validation = f"{seen.loss_sum / seen.images:.3f}, {100 * seen.top1 / seen.images:.1f} %"
        print(table_row(way, curve, validation, f"{speed:.0f}"), flush=True)


if __name__ == "__main__":
    main()
