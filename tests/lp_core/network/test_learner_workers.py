"""One worker and two, with gradients really exchanged, learn the same from batches of one size."""

import json
import os
from dataclasses import replace

import pytest
import torch
import torch.multiprocessing

from lp_core.dataset.feed import Reading
from tasks.from_recipe import feed_of, learner_of

STEPS = 6
TOLERANCE = 1e-4
"""Relative; sums over two workers round differently."""


def losses(recipe, rank, world, rendezvous):
    """Summed losses of a worker's steps."""
    torch.set_num_threads(1)
    feed = feed_of(recipe, "log_polar", rank, world)
    learner = learner_of(recipe, "log_polar", 12, feed.steps_per_epoch, "cpu", world)
    if world > 1:
        os.environ["GLOO_SOCKET_IFNAME"] = "lo"
        torch.distributed.init_process_group("gloo", init_method=rendezvous, rank=rank, world_size=world)
        learner.compute_through(torch.nn.parallel.DistributedDataParallel(learner.network))
    found = []
    for batch in feed.batches(Reading("train", 0, STEPS)):
        epoch, step = divmod(batch.index, feed.steps_per_epoch)
        images = feed.order(epoch).batch_images(step)
        found.append(learner.learn(batch.images_NSRC, batch.labels_N, images, batch.rows_N).read()[0].loss_sum)
    if world > 1:
        torch.distributed.destroy_process_group()
    return found


def work(rank, recipe, folder):
    found = losses(recipe, rank, 2, f"file://{folder}/meeting")
    (folder / f"{rank}.json").write_text(json.dumps(found))


@pytest.mark.filterwarnings("ignore")  # of a machine without GPU
def test_two_workers_learn_as_one_does(small_recipe, tmp_path):
    recipe = replace(
        small_recipe,
        data=replace(small_recipe.data, limit=49),  # the last batch of an epoch has one image: a worker has none
        network=replace(small_recipe.network, dropout=0.5),
        train=replace(small_recipe.train, optimizer="sgd", learning_rate=0.02, micro_batch=7),
    )
    rows = [len(feed_of(recipe, "log_polar", rank, 2).rows("train", 2)) for rank in (0, 1)]
    assert sorted(rows) == [0, 1]
    expected = losses(recipe, 0, 1, "")
    torch.multiprocessing.spawn(work, (recipe, tmp_path), nprocs=2)
    found = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)]
    assert [sum(pair) for pair in zip(*found, strict=True)] == pytest.approx(expected, rel=TOLERANCE)
