"""With Ray's simulated GPUs: a task knows whether it holds one, processes are kept, and torch has the last word."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from lp_core.settings import Recipe
from tasks.cluster import Cluster
from tasks.gpu_share import automatic_share, gpu_memory, holds_gpu
from tasks.pieces import RayTasks
from tests.tasks.in_own_process import run_with_ray

ONE_GPU = Cluster(cpus=2, gpus=1.0, is_local=True, grows=False, node_cpus=2.0, node_gpus=1.0)


def looked(_: int) -> tuple[bool, int]:
    """Whether this task holds a GPU, and its process."""
    return holds_gpu(), os.getpid()


def share_a_simulated_gpu() -> None:
    pieces = [(number,) for number in range(6)]
    for gpus, share, expected in ((0.5, 0.0, True), (0.0, 0.5, False), ("auto", 0.5, True), ("auto", 0.0, False)):
        executor = RayTasks(ONE_GPU, lambda share=share: share)  # type: ignore[misc]
        found = list(executor.run(looked, pieces, gpus))  # type: ignore[arg-type]
        assert [held for held, _ in found] == [expected] * 6
        assert len({process for _, process in found}) < 6  # kept for further pieces
    several = list(RayTasks(replace(ONE_GPU, node_gpus=2.0)).run(looked, pieces, 0.5))
    assert len({process for _, process in several}) == 6
    assert not holds_gpu()  # the command itself
    if not gpu_memory():  # torch sees none of the GPUs that Ray counts
        assert automatic_share(Recipe(name="demo"), ONE_GPU, 12) == 0


@pytest.mark.ray
def test_shares_of_a_simulated_gpu() -> None:
    run_with_ray(share_a_simulated_gpu, num_cpus=2, num_gpus=1)
