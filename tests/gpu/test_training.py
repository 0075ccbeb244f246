"""Training on a GPU: deterministic, resumed exactly, near fp32 in bf16, fed without waiting, the same on two."""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.multiprocessing

from lp_core.dataset.feed import Reading
from lp_core.network.kernels import deterministic_kernels, forbid_tf32
from lp_core.network.wrapping import WrappingReLU, wrapped_rows
from tasks.device_feed import copies_to, delivered, fetched
from tasks.from_recipe import feed_of, learner_of
from tests.gpu.device import needs_gpus, on_devices

STEPS = 6
BF16 = 0.02
"""Relative difference of the losses of the first steps in bf16 from those in fp32: bf16 has 8 significant bits."""


def fed(recipe, device, rank=0, world=1):
    """Batches as a training gets them."""
    copies = copies_to(torch.device(device))
    batches = feed_of(recipe, "log_polar", rank, world).batches(Reading("train", 0, STEPS))
    return delivered(fetched(batches, copies), copies)


def learned(recipe, device, learner=None, batches=None):
    """Losses of steps, and the learner after them."""
    learner = learner or learner_of(recipe, "log_polar", 12, 10, device)
    tallies = [
        learner.learn(batch.images_NSRC, batch.labels_N, 24, batch.rows_N)
        for batch in (fed(recipe, device) if batches is None else batches)
    ]
    counted = [tally.read() for tally in tallies]
    assert all(failure is None for _, failure in counted)
    return [counts.loss_sum for counts, _ in counted], learner


@pytest.fixture(params=["zeros", "circular"])
def recipe(request, small_recipe):
    network = replace(small_recipe.network, dropout=0.5, angle_padding=request.param, pool=2)
    return replace(small_recipe, network=network)


@on_devices
def test_a_deterministic_training_is_repeated_to_the_bit(recipe, device):
    with deterministic_kernels():
        (losses, first), (again, second) = (learned(recipe, device) for _ in range(2))
    assert losses == again
    assert all(torch.equal(value, second.state()[name]) for name, value in first.state().items())


@on_devices
def test_a_resumed_training_is_the_same_to_the_bit(recipe, device):
    with deterministic_kernels():
        expected, straight = learned(recipe, device)
        batches = list(fed(recipe, device))
        before, first = learned(recipe, device, batches=batches[:3])
        second = learner_of(recipe, "log_polar", 12, 10, device)
        second.load({name: value.clone() for name, value in first.state().items()}, 3)
        after, _ = learned(recipe, device, second, batches[3:])
    assert before + after == expected
    assert all(torch.equal(value, second.state()[name]) for name, value in straight.state().items())


@on_devices
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_training_with_a_fused_optimiser_resumes(small_recipe, device, optimizer):
    """Fused kernels of a GPU refuse a momentum that does not lie as its weights do."""
    forbid_tf32()
    one = replace(small_recipe, train=replace(small_recipe.train, optimizer=optimizer, deterministic=False))
    expected, _ = learned(one, device)
    batches = list(fed(one, device))
    before, first = learned(one, device, batches=batches[:3])
    second = learner_of(one, "log_polar", 12, 10, device)
    second.load(first.state(), 3)
    after, _ = learned(one, device, second, batches[3:])
    assert before + after == pytest.approx(expected, rel=1e-4)


@on_devices
def test_a_device_learns_what_a_cpu_learns(recipe, device):
    forbid_tf32()
    one = replace(recipe, train=replace(recipe.train, optimizer="sgd"))
    expected, _ = learned(one, "cpu")
    found, _ = learned(one, device)
    assert found == pytest.approx(expected, rel=1e-4)


@on_devices
def test_bf16_is_near_fp32(recipe, device):
    one = replace(recipe, train=replace(recipe.train, optimizer="sgd", deterministic=False))
    expected, _ = learned(one, device)
    found, learner = learned(replace(one, train=replace(one.train, precision="bf16")), device)
    assert learner.dtype == torch.bfloat16
    assert found != expected
    assert found == pytest.approx(expected, rel=BF16)


@on_devices
def test_circular_maps_and_gradients_are_those_of_copies(device):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(4, 8, 16, 12, generator=generator).to(device).to(memory_format=torch.channels_last)
    weight = torch.randn(4, 8, 18, 12, generator=generator).to(device)
    found = []
    for way in (WrappingReLU.apply, lambda y: wrapped_rows(torch.relu(y))):
        given = x.clone().requires_grad_()
        y = way(given)
        found.append((y.detach(), *torch.autograd.grad((y * weight).sum(), given)))
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


@needs_gpus(1)
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_step_never_waits_for_the_gpu(small_recipe, optimizer):
    """Counted by torch; collectives are not covered by its count."""
    train = replace(small_recipe.train, optimizer=optimizer, deterministic=False, precision="auto")
    one = replace(small_recipe, train=train)
    batches = list(fed(one, "cuda"))
    _, learner = learned(one, "cuda", batches=batches[:2])
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            tallies = [learner.learn(b.images_NSRC, b.labels_N, 24, b.rows_N) for b in batches[2:]]
            total = sum(tallies[1:], tallies[0])
        finally:
            torch.cuda.set_sync_debug_mode("default")
    assert not [str(warning.message) for warning in seen if "called a synchronizing" in str(warning.message)]
    assert total.read()[0].images == sum(len(b.rows_N) for b in batches[2:])


@needs_gpus(1)
@pytest.mark.filterwarnings("default")
@pytest.mark.slow
def test_compiled_it_learns_the_same(recipe):
    eager = replace(recipe, train=replace(recipe.train, optimizer="sgd", deterministic=False, compile="off"))
    expected, _ = learned(eager, "cuda")
    found, learner = learned(replace(eager, train=replace(eager.train, compile="on")), "cuda")
    assert learner.compiles
    assert found == pytest.approx(expected, rel=1e-3)


def worker(rank, recipe, folder, backend):
    """One of two that train together."""
    torch.set_num_threads(1)
    forbid_tf32()  # a switch of each process
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    device = torch.device("cuda", rank) if backend == "nccl" else torch.device("cpu")
    if backend == "nccl":
        torch.cuda.set_device(device)
    meeting = f"file://{folder}/meeting"
    torch.distributed.init_process_group(backend, init_method=meeting, rank=rank, world_size=2)
    learner = learner_of(recipe, "log_polar", 12, 10, device, 2)
    parallel = torch.nn.parallel.DistributedDataParallel(learner.network, gradient_as_bucket_view=True)
    learner.compute_through(parallel)
    losses, _ = learned(recipe, device, learner, fed(recipe, device, rank, 2))
    torch.distributed.destroy_process_group()
    (Path(folder) / f"{rank}.json").write_text(json.dumps(losses))


def two_learn_as_one(recipe, folder, backend):
    forbid_tf32()
    one = replace(recipe, train=replace(recipe.train, optimizer="sgd", learning_rate=0.02, micro_batch=7))
    expected, _ = learned(one, "cuda" if backend == "nccl" else "cpu")
    torch.multiprocessing.spawn(worker, (one, str(folder), backend), nprocs=2)
    found = [json.loads((folder / f"{rank}.json").read_text()) for rank in (0, 1)]
    assert [sum(pair) for pair in zip(*found, strict=True)] == pytest.approx(expected, rel=1e-4)


@pytest.mark.filterwarnings("ignore")
def test_two_processes_learn_as_one_does(small_recipe, tmp_path):
    two_learn_as_one(small_recipe, tmp_path, "gloo")


@needs_gpus(2)
@pytest.mark.filterwarnings("ignore")
def test_two_gpus_learn_as_one_does(small_recipe, tmp_path):
    two_learn_as_one(small_recipe, tmp_path, "nccl")
