"""`scan.gpus-per-task auto` fits as many tasks on a GPU as memory and cores allow, and none where there is no GPU."""

from dataclasses import replace

import pytest

from lp_core.network.compute import forward_bytes
from lp_core.settings import NetworkSettings
from tasks import gpu_share
from tasks.cluster import Cluster
from tasks.gpu_share import PROCESS_BYTES, automatic_share, gpu_memory, holds_gpu, share_of_gpu

GIB = 2**30
EIGHT_CORES = Cluster(cpus=8, gpus=1.0, is_local=True, grows=False, node_cpus=8.0, node_gpus=1.0)


@pytest.mark.parametrize(
    ("cluster", "memory", "needed", "tasks"),
    [
        (EIGHT_CORES, 80 * GIB, GIB, 8),  # a core for each
        (replace(EIGHT_CORES, node_gpus=4.0), 80 * GIB, GIB, 2),
        (EIGHT_CORES, 8 * GIB, 2 * GIB - PROCESS_BYTES, 3),  # 7.2 GiB for tasks of 2
        (EIGHT_CORES, GIB, 4 * GIB, 1),  # tried, although it is unlikely to fit
        (replace(EIGHT_CORES, node_cpus=1.0, node_gpus=2.0), 80 * GIB, GIB, 1),
    ],
)
def test_tasks_share_a_gpu(cluster, memory, needed, tasks) -> None:
    share = share_of_gpu(cluster, memory, needed)
    assert int(1 / share) == tasks
    assert tasks * share <= 1


def test_without_a_gpu_there_is_no_share(small_recipe) -> None:
    assert share_of_gpu(replace(EIGHT_CORES, node_gpus=0.0), 80 * GIB, GIB) == 0
    assert share_of_gpu(EIGHT_CORES, 0, GIB) == 0  # torch sees none of the GPUs that Ray counts
    assert automatic_share(small_recipe, replace(EIGHT_CORES, node_gpus=0.0), 12) == 0


def test_a_run_needs_what_its_largest_maps_and_weights_take(small_recipe, monkeypatch) -> None:
    monkeypatch.setattr(gpu_share, "_memory_of_a_gpu", lambda: 4 * GIB)
    assert automatic_share(small_recipe, EIGHT_CORES, 12) == 0.5  # two processes of 0.7 GiB, with 1 GiB of networks
    weights = 4 * 138_357_544
    maps = 8 * 4 * 32 * 64 * 224 * 224
    assert forward_bytes(NetworkSettings(), 1000, 224, 32) == pytest.approx(weights + maps, rel=1e-3)


def test_outside_tasks_no_gpu_is_held() -> None:
    import torch

    assert not holds_gpu()
    assert (gpu_memory() > 0) == torch.cuda.is_available()
