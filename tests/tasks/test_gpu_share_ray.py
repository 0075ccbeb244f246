"""With Ray's simulated GPUs: a task knows whether it holds one, processes are kept, and torch has the last word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tasks.cluster import Cluster
from tasks.gpu_share import automatic_share, gpu_memory, holds_gpu
from tasks.pieces import RayTasks

pytestmark = pytest.mark.ray

ONE_GPU = Cluster(cpus=2, gpus=1.0, is_local=True, grows=False, node_cpus=2.0, node_gpus=1.0)


@pytest.fixture(scope="module")
def _ray() -> Iterator[None]:
    import ray

    ray.init(address="local", num_cpus=2, num_gpus=1, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.mark.filterwarnings("ignore")  # of Ray
@pytest.mark.usefixtures("_ray")
def test_shares_of_a_simulated_gpu(small_recipe) -> None:
    def looked(_: int) -> tuple[bool, int]:
        import os

        from tasks.gpu_share import holds_gpu

        return holds_gpu(), os.getpid()

    pieces = [(number,) for number in range(6)]
    for gpus, share, expected in ((0.5, 0.0, True), (0.0, 0.5, False), ("auto", 0.5, True), ("auto", 0.0, False)):
        found = list(RayTasks(ONE_GPU, lambda share=share: share).run(looked, pieces, gpus))
        assert [held for held, _ in found] == [expected] * 6
        assert len({process for _, process in found}) < 6  # kept for further pieces
    several = list(RayTasks(replace(ONE_GPU, node_gpus=2.0)).run(looked, pieces, 0.5))
    assert len({process for _, process in several}) == 6
    assert not holds_gpu()  # the command itself
    if not gpu_memory():  # torch sees none of the GPUs that Ray counts
        assert automatic_share(small_recipe, ONE_GPU, 12) == 0
